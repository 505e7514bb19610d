import { readFile } from 'node:fs/promises';

import { UnpairError } from '@unpair/errors';
import { isLoopback, type ClientAccess } from '@unpair/platform';
import type { Cluster, Contexts } from './context-file.js';
import { clusterOf } from './context-file.js';

/** Port that a coordinator serves gRPC on unless configured otherwise. */
const DEFAULT_SERVER = 'localhost:50051';

/** The coordinator that a command talks to, and how. */
export interface Target {
  /** `host:port`, or several separated by commas. */
  readonly server: string;
  readonly access: ClientAccess;
}

/** What says which cluster is meant, strongest first. */
export interface Wishes {
  /** `--server`. */
  readonly server: string | undefined;
  /** `--context`. */
  readonly context: string | undefined;
  /** UNPAIR_SERVER. */
  readonly serverVariable: string | undefined;
  /** UNPAIR_CONTEXT. */
  readonly contextVariable: string | undefined;
}

/**
 * The cluster that is meant. What proves who asks goes with the context that was named, also to another server; the current
 * context, which was not named for this command, gives nothing to a server that was.
 */
export async function resolveTarget(wishes: Wishes, contexts: Contexts): Promise<Target> {
  const { server, context, serverVariable, contextVariable } = wishes;
  if (context !== undefined) return targetOf(clusterOf(contexts, context), server);
  const named = server ?? serverVariable;
  if (named !== undefined) return { server: named, access: {} };
  const name = contextVariable ?? contexts.current;
  return name === undefined ? { server: DEFAULT_SERVER, access: {} } : targetOf(clusterOf(contexts, name));
}

async function targetOf(cluster: Cluster, server = cluster.server): Promise<Target> {
  const { ca, cert, key, tokenFile, plaintext = false } = cluster;
  const isHere = server.split(',').every((each) => isLoopback(each.trim()));
  const needsTls = ca !== undefined || cert !== undefined || !isHere;
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
  return { server, access: { token, ...(needsTls && !plaintext && { tls: { ca, cert, key } }) } };
}

async function readToken(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UnpairError('INVALID_ARGUMENT', `the file of the token ${path} cannot be read`, { cause });
  });
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UnpairError('INVALID_ARGUMENT', `the file ${path} must hold a token and nothing else`);
}
