import { UnpairError, type FieldViolation } from '@unpair/errors';
import { roles, type Role } from '@unpair/protocol';
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isTenant, type Identity } from './identity.js';

/** One line of the file: who holds a token, or a certificate. */
interface Entry extends Identity {
  /** SHA-256 of a token. */
  readonly hash?: Buffer;
  /** Common name of a certificate. */
  readonly certificate?: string;
  /** Milliseconds since 1970 after which it is worth nothing. */
  readonly until: number;
}

const forms =
  'sha256:HASH or certificate:NAME, then role=viewer|operator|admin, tenant=NAME, name=NAME and perhaps until=TIME';

/**
 * Who may come in, by a file of lines `sha256:HASH role=operator tenant=acme name=ci until=2027-01-01T00:00:00Z`; in the place of
 * the hash of a token `certificate:NAME` stands for the common name of a client's certificate. It is read anew when it changes.
 */
export class AccessFile {
  readonly name = 'the file of UNPAIR_ACCESS_FILE';
  readonly #path: string;
  #text = '';
  #entries: readonly Entry[] = [];

  /** @throws UnpairError INVALID_ARGUMENT naming every bad line */
  constructor(path: string) {
    this.#path = path;
    this.reload();
  }

  /** Takes in what the file holds now. @throws UnpairError INVALID_ARGUMENT where a line is bad: all stays as it was */
  reload(): boolean {
    const text = read(this.#path);
    if (text === this.#text) return false;
    this.#entries = parse(text, this.#path);
    this.#text = text;
    return true;
  }

  /** Who holds a token; how long it takes does not tell how much of it is right. */
  byToken(token: string, now: number): Identity | undefined {
    const hash = createHash('sha256').update(token).digest();
    let found: Entry | undefined;
    for (const entry of this.#entries)
      if (entry.hash !== undefined && timingSafeEqual(entry.hash, hash)) found = entry;
    return valid(found, now);
  }

  /** Who a verified certificate of a common name is. */
  byCertificate(name: string, now: number): Identity | undefined {
    return valid(
      this.#entries.find(({ certificate }) => certificate === name),
      now,
    );
  }
}

function valid(entry: Entry | undefined, now: number): Identity | undefined {
  if (entry === undefined || now >= entry.until) return undefined;
  const { name, tenant, role } = entry;
  return { name, tenant, role };
}

/** The line of a token in the file, which does not tell the token. */
export function accessLine(token: string, identity: Identity, until?: Date): string {
  const hash = createHash('sha256').update(token).digest('hex');
  const { role, tenant, name } = identity;
  const end = until === undefined ? '' : ` until=${until.toISOString()}`;
  return `sha256:${hash} role=${role} tenant=${tenant} name=${name}${end}`;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new UnpairError('INVALID_ARGUMENT', `The file ${path} cannot be read (${reason}).`, { cause });
  }
}

function parse(text: string, path: string): readonly Entry[] {
  const violations: FieldViolation[] = [];
  const entries = text.split('\n').flatMap((line, index): Entry[] => {
    if (/^\s*(?:#|$)/.test(line)) return [];
    const entry = parseLine(line.trim());
    if (entry !== undefined) return [entry];
    // The line itself may hold a secret that was put there by mistake.
    violations.push({ field: path, description: `Line ${index + 1} of ${path} is not: ${forms}.` });
    return [];
  });
  if (violations.length === 0) return entries;
  const message = violations.map(({ description }) => description).join(' ');
  throw new UnpairError('INVALID_ARGUMENT', message, { violations });
}

function parseLine(line: string): Entry | undefined {
  const [who = '', ...words] = line.split(/\s+/);
  const fields = new Map(words.map((word) => [word.split('=')[0] ?? '', word.slice(word.indexOf('=') + 1)]));
  const { role, tenant = '', name = '', until, ...others } = Object.fromEntries(fields);
  if (Object.keys(others).length > 0 || fields.size !== words.length) return undefined;
  const end = until === undefined ? Infinity : Date.parse(until);
  if (!isRole(role) || !isTenant(tenant) || !/^[\w.@-]{1,63}$/.test(name) || Number.isNaN(end))
    return undefined;
  const identity = { role, tenant, name, until: end };
  const hash = /^sha256:([0-9a-f]{64})$/.exec(who)?.[1];
  if (hash !== undefined) return { ...identity, hash: Buffer.from(hash, 'hex') };
  const certificate = /^certificate:(\S+)$/.exec(who)?.[1];
  return certificate === undefined ? undefined : { ...identity, certificate };
}

/** Whether a text names a role. */
export function isRole(text: unknown): text is Role {
  return roles.some((role) => role === text);
}
