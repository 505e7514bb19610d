import { UnpairError } from '@unpair/errors';
import type { Endpoint } from '@unpair/protocol';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EndpointModel } from './endpoint-classifier.js';
import { grpcTransport } from './grpc.js';
import { httpTransport } from './http.js';
import type { Transport } from './transport.js';

/** What the operator of a worker lets tasks ask, and show. */
export interface EndpointPolicy {
  /** `any`, `none`, or hosts with ports: `models.example:443,10.0.0.7:8000`. */
  readonly allowed: string;
  /** The folder of tokens; empty where there is none. */
  readonly tokens: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Milliseconds between attempts: about half a minute in all, after which the task has failed. */
const DELAYS = [500, 1000, 2000, 4000, 8000, 16_000];
const TIMEOUT = 60_000;

/**
 * An endpoint that a task names, with its token.
 * @throws {UnpairError} FAILED_PRECONDITION where the worker may not ask it, or has not its token
 */
export async function openEndpoint(endpoint: Endpoint, policy: EndpointPolicy): Promise<EndpointModel> {
  const { url } = endpoint;
  if (!mayAsk(url, policy.allowed))
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `The endpoint ${url} is none that this worker may ask: UNPAIR_ENDPOINTS is ${policy.allowed}.`,
    );
  const token = await tokenOf(endpoint, policy);
  const sleep = (milliseconds: number, signal: AbortSignal): Promise<void> =>
    wait(milliseconds, undefined, { signal });
  return new EndpointModel({
    ...{ endpoint, delays: DELAYS, sleep, timeout: TIMEOUT },
    transport: transportOf(url, token),
    now: () => performance.now(),
  });
}

function transportOf(url: string, token: string | undefined): Transport {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'http:' || protocol === 'https:') return httpTransport(url, token);
  return grpcTransport(`${hostname}:${portOf(url)}`, protocol === 'grpcs:', token);
}

const PORTS: Readonly<Record<string, string>> = {
  'http:': '80',
  'https:': '443',
  'grpc:': '8001',
  'grpcs:': '443',
};

function mayAsk(url: string, allowed: string): boolean {
  if (allowed === 'any' || allowed === 'none') return allowed === 'any';
  return allowed.split(',').includes(`${new URL(url).hostname}:${portOf(url)}`);
}

function portOf(url: string): string {
  const { protocol, port } = new URL(url);
  return port === '' ? (PORTS[protocol] ?? '') : port;
}

/** Neither the token nor what else is at its place enters any sentence. */
async function tokenOf(
  { url, tokenVariable, tokenFile }: Endpoint,
  { tokens, environment }: EndpointPolicy,
): Promise<string | undefined> {
  if (tokenVariable === undefined && tokenFile === undefined) return undefined;
  const place =
    tokenVariable === undefined
      ? `file ${tokenFile ?? ''} in UNPAIR_ENDPOINT_TOKENS`
      : `variable ${tokenVariable}`;
  const token =
    tokenVariable === undefined
      ? await readFile(join(tokens, tokenFile ?? ''), 'utf8').catch(() => '')
      : environment[tokenVariable];
  const trimmed = token?.trim() ?? '';
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  throw new UnpairError(
    'FAILED_PRECONDITION',
    `This worker has no token for the endpoint ${url}: its ${place} holds none.`,
  );
}
