import type { Rule } from '@unpair/parameters';
import { quoted, suggestion } from '@unpair/parameters';

export type Path = readonly (string | number)[];

/** A complaint about the value at `path`; `pathText` turns the path into the text that users see. */
export interface Problem {
  readonly path: Path;
  readonly description: string;
}

/** The longest list that a file may hold anywhere: what comes over the network must not exhaust memory. */
const LONGEST_LIST = 10_000;
const MOST_SUGGESTIONS = 1_000;

/**
 * A value of the campaign file, where it stands, and where complaints about it go. Readers return undefined
 * after complaining, so that one pass finds every error.
 */
export class Field {
  readonly value: unknown;
  readonly path: Path;
  readonly problems: Problem[];

  constructor(value: unknown, path: Path, problems: Problem[]) {
    this.value = value;
    this.path = path;
    this.problems = problems;
  }

  /** Whether the file says anything here; `key:` with nothing after it does not. */
  get present(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  reject(description: string): void {
    this.problems.push({ path: this.path, description });
  }

  /** Complains that the value, if there is one, is not what is allowed here. */
  rejectUnless(allowed: string): void {
    this.reject(
      this.present ? `must be ${allowed}, got ${quoted(this.value)}` : `is missing: it must be ${allowed}`,
    );
  }

  /** The member of a map; absent when this is not a map, or has no such member. */
  get(key: string): Field {
    return this.inside(
      key,
      this.value instanceof Map ? (this.value as Map<unknown, unknown>).get(key) : null,
    );
  }

  /** The value that `rule` makes of this one, or undefined after complaining. */
  read<T>(rule: Rule<T>): T | undefined {
    const accepted = this.present ? rule.accept(this.value) : undefined;
    if (accepted === undefined) this.rejectUnless(rule.allowed);
    return accepted;
  }

  /** Like `read`, with `fallback` where the file says nothing. */
  readOr<T>(rule: Rule<T>, fallback: T): T | undefined {
    return this.present ? this.read(rule) : fallback;
  }

  /** The members of a map, in file order, or undefined after complaining that it is none. */
  members(allowed: string): readonly (readonly [string, Field])[] | undefined {
    if (!(this.value instanceof Map)) {
      this.rejectUnless(allowed);
      return undefined;
    }
    return [...(this.value as Map<unknown, unknown>)].map(([key, member]) => {
      const name = String(key);
      return [name, this.inside(name, member)] as const;
    });
  }

  /** Complains about members that are not among `keys`; says whether this is a map at all. */
  hasKeys(keys: readonly string[], allowed = `a map with the keys ${keys.join(', ')}`): boolean {
    const members = this.members(allowed);
    for (const [key, member] of members ?? []) {
      if (keys.includes(key)) continue;
      // To look for what was meant takes time, and nobody reads so many.
      const meant = this.problems.length < MOST_SUGGESTIONS ? suggestion(key, keys) : '';
      member.reject(`is not a known key${meant}`);
    }
    return members !== undefined;
  }

  /** The entries of a list with at least one, or undefined after complaining. */
  entries(allowed: string): readonly Field[] | undefined {
    const { value } = this;
    if (!Array.isArray(value) || value.length === 0) this.rejectUnless(allowed);
    else if (value.length > LONGEST_LIST)
      this.reject(`must have at most ${LONGEST_LIST} entries, got ${value.length}`);
    else return value.map((entry: unknown, index) => this.inside(index, entry));
    return undefined;
  }

  /** Reads each entry of a list; entries that repeat an earlier one are complained about. */
  readList<T>(read: (entry: Field) => T | undefined, allowed: string): readonly T[] | undefined {
    const one = (entry: Field): readonly T[] | undefined => {
      const value = read(entry);
      return value === undefined ? undefined : [value];
    };
    return this.readGroups(one, allowed)?.flat();
  }

  /**
   * Like `readList` for entries that each stand for one value or more: those of each entry that are new, together.
   * @param identityOf what two values have in common that are the same
   */
  readGroups<T>(
    read: (entry: Field) => readonly T[] | undefined,
    allowed: string,
    identityOf: (value: T) => unknown = (value) => value,
  ): readonly (readonly T[])[] | undefined {
    const entries = this.entries(allowed);
    const seen = new Map<unknown, Field>();
    const groups = entries?.map((entry) => {
      // A list that has come to too much already is read no further.
      const values = seen.size > LONGEST_LIST ? [] : (read(entry) ?? []);
      const identities = values.map(identityOf);
      const fresh = values.filter((_, at) => !seen.has(identities[at]));
      rejectRepeated(entry, identities, seen);
      for (const identity of identities) if (!seen.has(identity)) seen.set(identity, entry);
      return fresh;
    });
    if (seen.size > LONGEST_LIST) this.reject(`must stand for at most ${LONGEST_LIST} values, got more`);
    return groups?.filter(({ length }) => length > 0);
  }

  /** Reads a list, or one value that stands for a list of one. */
  readOneOrMore<T>(rule: Rule<T>): readonly T[] | undefined {
    if (Array.isArray(this.value))
      return this.readList((entry) => entry.read(rule), `${rule.allowed}, or a list of at least one`);
    const value = this.read(rule);
    return value === undefined ? undefined : [value];
  }

  /** A field below this one. */
  inside(key: string | number, value: unknown): Field {
    return new Field(value, [...this.path, key], this.problems);
  }
}

/** Complains about the first of an entry's values that is among those `seen` before. */
function rejectRepeated(entry: Field, values: readonly unknown[], seen: ReadonlyMap<unknown, Field>): void {
  for (const value of values) {
    const earlier = seen.get(value);
    if (earlier === undefined) continue;
    const said = values.length === 1 ? entry.value : value;
    entry.reject(`repeats ${quoted(said)}, which is already at ${pathText(earlier.path)}`);
    return;
  }
}

/** `attacks[2].p-rgf.budget`; the whole file is `campaign`. */
export function pathText(path: Path): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  return text === '' ? 'campaign' : text.replace(/^\./, '');
}
