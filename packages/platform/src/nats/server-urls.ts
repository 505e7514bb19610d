import type { Setting } from '../configuration/environment.js';

/** One nats-server, as a URL names it. */
export interface NatsServerUrl {
  /** host:port. */
  readonly address: string;
  /** Whether the URL insists on TLS. */
  readonly tls: boolean;
  readonly user?: string;
  readonly password?: string;
}

const form =
  /^(?:(nats|tls):\/\/)?(?:(?<user>[^@:/]+)(?::(?<password>[^/]+))?@)?(?<host>\[[0-9a-f:]+\]|[^\s:/@]+)(?::(?<port>\d{1,5}))?\/?$/i;

/** The servers of one URL or several separated by commas; undefined where one is no URL of a nats-server. */
export function parseNatsUrls(text: string): readonly NatsServerUrl[] | undefined {
  const servers = text.split(',').map((each) => parse(each.trim()));
  return servers.every((server) => server !== undefined) ? servers : undefined;
}

function parse(url: string): NatsServerUrl | undefined {
  const match = form.exec(url);
  if (match === null) return undefined;
  const { user, password, host = '', port = '4222' } = match.groups ?? {};
  if (Number(port) > 65_535) return undefined;
  return {
    address: `${host}:${port}`,
    tls: match[1]?.toLowerCase() === 'tls',
    ...(user !== undefined && { user: decoded(user) }),
    ...(password !== undefined && { password: decoded(password) }),
  };
}

/** The URLs without what is secret in them: for logs and errors. */
export function withoutSecrets(urls: string): string {
  return urls
    .split(',')
    .map((url) => url.trim().replace(/^((?:\w+:\/\/)?).*@/, '$1'))
    .join(',');
}

/** URLs of nats-servers, whose passwords are shown to nobody. */
export function natsUrls(
  variable: string,
  options: { readonly description: string; readonly default: string },
): Setting<string> {
  const allowed = 'one or several of [nats|tls]://[user:password@]host[:port], separated by commas';
  return {
    variable,
    ...options,
    parse: (value) => (parseNatsUrls(value) === undefined ? { allowed } : { value }),
    shown: withoutSecrets,
  };
}

/** What is percent-encoded in a URL, as it is meant. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
