import { ModelError } from '@unpair/graph';

/** A place in a model's JSON: reads what is expected there, or says in one sentence what is there instead. */
export class Json {
  readonly value: unknown;
  readonly path: string;

  constructor(value: unknown, path: string) {
    this.value = value;
    this.path = path;
  }

  /** Whether the file says anything here. */
  get present(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** A member; absent when this is no object, or has no such member. */
  get(key: string): Json {
    const { value } = this;
    const holds = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    return new Json(holds ? (value as Record<string, unknown>)[key] : undefined, `${this.path}.${key}`);
  }

  /** The first of several spellings of a member that is there; otherwise the first. */
  either(...keys: readonly [string, ...string[]]): Json {
    return this.get(keys.find((key) => this.get(key).present) ?? keys[0]);
  }

  list(): readonly Json[] {
    if (!Array.isArray(this.value)) throw this.unless('a list');
    return this.value.map((entry: unknown, index) => new Json(entry, `${this.path}[${index}]`));
  }

  /** Members of an object, in the order of the file. */
  members(): readonly (readonly [string, Json])[] {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.unless('an object');
    return Object.keys(value).map((key) => [key, this.get(key)] as const);
  }

  string(): string {
    if (typeof this.value !== 'string') throw this.unless('a text');
    return this.value;
  }

  number(): number {
    if (typeof this.value !== 'number' || !Number.isFinite(this.value)) throw this.unless('a number');
    return this.value;
  }

  /** A whole number; protobuf's JSON writes those of 64 bits as text. */
  integer(least = Number.MIN_SAFE_INTEGER): number {
    const { value } = this;
    const read = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
    if (typeof read !== 'number' || !Number.isSafeInteger(read) || read < least) {
      throw this.unless(
        least === Number.MIN_SAFE_INTEGER ? 'a whole number' : `a whole number of at least ${least}`,
      );
    }
    return read;
  }

  boolean(): boolean {
    if (typeof this.value !== 'boolean') throw this.unless('true or false');
    return this.value;
  }

  /** What `read` makes of the value, or `fallback` where the file says nothing. */
  or<T>(read: (json: Json) => T, fallback: T): T {
    return this.present ? read(this) : fallback;
  }

  unless(expected: string): ModelError {
    return new ModelError(
      this.present
        ? `${this.path} must be ${expected}, got ${show(this.value)}`
        : `${this.path} is missing: it must be ${expected}`,
    );
  }
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
