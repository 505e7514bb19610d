import type { Rule } from '@unpair/parameters';
import { integer } from '@unpair/parameters';
import type { EndpointEntry, EndpointLimits, ModelEntry } from '../campaign.js';
import { entryOf } from '../campaign.js';
import { isDerived } from '../derivation.js';
import { readAccess } from './access.js';
import type { Field } from './field.js';
import type { ListedModel } from './listed-model.js';
import { readModelOptions } from './model-options.js';
import { text } from './rules.js';

/** The keys that stand beside `endpoint` alone. */
export const ENDPOINT_KEYS: readonly string[] = ['model', 'token', 'limits'];

const SCHEMES = ['http:', 'https:', 'grpc:', 'grpcs:'];

/** Without a user: what is secret does not belong into a campaign file, which is kept and shown. */
const URL_OF_ENDPOINT: Rule<string> = {
  allowed: 'an address such as https://host:port or grpc://host:port, without a user, query or fragment',
  accept: (value) => {
    if (typeof value !== 'string' || !URL.canParse(value)) return undefined;
    const { protocol, hostname, username, password, search, hash } = new URL(value);
    const isPlain = [username, password, search, hash].every((part) => part === '');
    return SCHEMES.includes(protocol) && hostname !== '' && isPlain ? value.replace(/\/+$/, '') : undefined;
  },
};

/** Only variables and files that are there for it: whoever writes a campaign file must not have a worker send others. */
const VARIABLE: Rule<string> = {
  allowed: 'the name of an environment variable of workers that begins with UNPAIR_ENDPOINT_TOKEN_',
  accept: (value) =>
    typeof value === 'string' && /^UNPAIR_ENDPOINT_TOKEN_[A-Z0-9_]{1,64}$/.test(value) ? value : undefined,
};
const FILE: Rule<string> = {
  allowed: "the name of a file in the workers' folder UNPAIR_ENDPOINT_TOKENS",
  accept: (value) =>
    typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(value) ? value : undefined,
};

/** Reads an entry `{endpoint: …, model: …}` with what stands beside it. */
export function readEndpoint(model: Field, field: Field): ListedModel | undefined {
  const endpoint = field.read(URL_OF_ENDPOINT);
  const name = model.get('model').read(text('the name of the model at its endpoint'));
  const token = readToken(model.get('token'));
  if (token !== undefined && endpoint !== undefined && isPlainText(endpoint))
    model.get('token').reject(`is shown to https and grpcs alone, beyond this machine, got ${endpoint}`);
  const limits = readLimits(model.get('limits'));
  const options = readModelOptions(model);
  const access = readAccess(model.get('access'));
  if (endpoint === undefined || name === undefined || limits === undefined) return undefined;
  const said = {
    ...(token !== undefined && { token }),
    ...(options !== undefined && { options }),
    ...(access !== undefined && { access }),
  };
  return { kind: 'given', entry: { kind: 'endpoint', endpoint, model: name, limits, ...said } };
}

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

function isPlainText(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint);
  return (protocol === 'http:' || protocol === 'grpc:') && !LOOPBACK.test(hostname);
}

function readToken(field: Field): EndpointEntry['token'] {
  if (!field.present || !field.hasKeys(['env', 'file'], 'a map with one of the keys env, file'))
    return undefined;
  const [env, file] = [field.get('env'), field.get('file')];
  if (env.present === file.present) {
    field.reject(`must be a map with one of the keys env, file, got ${env.present ? 'both' : 'none'}`);
    return undefined;
  }
  if (env.present) {
    const name = env.read(VARIABLE);
    return name === undefined ? undefined : { env: name };
  }
  const name = file.read(FILE);
  return name === undefined ? undefined : { file: name };
}

function readLimits(field: Field): EndpointLimits | undefined {
  if (field.present && !field.hasKeys(['batch', 'inFlight', 'perSecond'])) return undefined;
  const batch = field.get('batch').readOr(integer(1, 4096), 64);
  const inFlight = field.get('inFlight').readOr(integer(1, 64), 1);
  const perSecond = field.get('perSecond').readOr(integer(1), undefined);
  if (batch === undefined || inFlight === undefined) return undefined;
  return { batch, inFlight, ...(perSecond !== undefined && { perSecond }) };
}

/** Complains, once for each entry, where one is to be made of the weights of a model behind an endpoint: who imitates only asks. */
export function reportMadeOfEndpoints(
  models: ReadonlyMap<string, ModelEntry>,
  listed: ReadonlyMap<string, ListedModel>,
): void {
  const said = new Set<string>();
  for (const [name, entry] of models) {
    if (!isDerived(entry)) continue;
    for (const key of ['of', 'from'] as const) {
      const parent = entry[key];
      const model = listed.get(entryOf(name, entry));
      const place = `${entryOf(name, entry)} ${key}`;
      if (parent === undefined || models.get(parent)?.kind !== 'endpoint' || said.has(place)) continue;
      if ((key === 'from' && entry.relation === 'imitates') || model === undefined || model.kind === 'given')
        continue;
      said.add(place);
      model.field
        .get(entry.kind)
        .get(key)
        .reject(`must be a model whose weights there are, got "${parent}", which is behind an endpoint`);
    }
  }
}
