import { UnpairError } from '@unpair/errors';
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from 'nats';
import type { Clock } from '../clock.js';
import type { Logger } from '../logging.js';
import { processIdentity, isGoneProcess, type ProcessIdentity } from '../process-identity.js';
import { Bucket, type Entry } from './bucket.js';

export interface LeaseOptions {
  readonly connection: NatsConnection;
  /** Names the bucket and the key: who leads what. */
  readonly name: string;
  /** Where others reach who holds the lease. */
  readonly address: string;
  readonly replicas?: number;
  /** Milliseconds after which a lease that was not renewed is anybody's. */
  readonly duration?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the bucket says of who holds the lease. */
interface Holder {
  readonly id: string;
  readonly address: string;
  readonly process: ProcessIdentity | null;
}

const defaultDuration = 9_000;
/** Renewals within one duration. */
const renewals = 4;
/** Durations without an answer of the broker after which a holder gives up. */
const patience = 14;

/**
 * The right to lead, held by one process at a time: an entry of a bucket that its holder renews by compare-and-set. Whoever
 * waits takes it over when the entry has not changed for its duration, by the own clock, so that clocks need not agree;
 * or at once, when it was released or its holder is a process of this machine that is gone.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #bucket: Bucket;
  readonly #id = randomUUID();
  #revision = 0;
  /** When the last renewal that succeeded was begun; undefined while the lease is not held. */
  #renewed: number | undefined;
  #holder: Holder | undefined;

  private constructor(options: LeaseOptions, bucket: Bucket) {
    this.#options = options;
    this.#bucket = bucket;
  }

  static async open(options: LeaseOptions): Promise<Lease> {
    const { connection, name, replicas = 1 } = options;
    const bucket = await Bucket.open(connection, { name, what: `lease ${name}`, replicas });
    return new Lease(options, bucket);
  }

  get #duration(): number {
    return this.#options.duration ?? defaultDuration;
  }

  /** Whether nobody else can hold the lease now. */
  get isHeld(): boolean {
    return this.#renewed !== undefined && this.#age() < this.#duration;
  }

  /** Milliseconds since the last renewal was begun. */
  #age(): number {
    return (this.#options.clock.seconds() - (this.#renewed ?? -Infinity)) * 1_000;
  }

  /** Where who holds the lease is reached, as far as is known. */
  get holderAddress(): string {
    return this.#holder?.address ?? '';
  }

  /** Waits until this process holds the lease. */
  async acquire(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    const step = this.#duration / renewals / 4;
    let seen: { readonly revision: number; readonly since: number } | undefined;
    for (;;) {
      signal.throwIfAborted();
      try {
        const entry = await this.#bucket.get(key);
        const now = clock.seconds();
        if (entry !== undefined && seen?.revision !== entry.revision) {
          seen = { revision: entry.revision, since: now };
          this.#holder = holderIn(entry);
        }
        // An entry that is gone was deleted by someone: who holds the lease writes it again.
        const isOver = seen === undefined || this.#isFree() || (now - seen.since) * 1_000 > this.#duration;
        if (isOver && (await this.#write(entry))) return;
      } catch (error) {
        logger.warn({ error }, 'cannot see who leads; looking again');
        await this.#bucket.restore().catch(() => undefined);
      }
      await clock.sleep(step, signal);
    }
  }

  /** Released, or of a process of this machine that is gone. */
  #isFree(): boolean {
    const holder = this.#holder;
    if (holder === undefined || holder.id === '') return true;
    return holder.process !== null && isGoneProcess(holder.process);
  }

  /** Writes that this process holds the lease; false where another was faster. */
  async #write(entry: Entry | undefined): Promise<boolean> {
    const { clock, address } = this.#options;
    const begun = clock.seconds();
    const holder: Holder = { id: this.#id, address, process: processIdentity() };
    const value = Buffer.from(JSON.stringify(holder));
    const revision =
      entry === undefined
        ? await this.#bucket.create(key, value)
        : await this.#bucket.replace(key, value, entry.revision);
    if (revision === undefined) return false;
    this.#revision = revision;
    this.#renewed = begun;
    this.#holder = holder;
    return true;
  }

  /**
   * Renews the lease until aborted.
   * @throws UnpairError ABORTED when another process holds it; UNAVAILABLE when the broker did not answer for long
   */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    const rest = (): Promise<void> => clock.sleep(this.#duration / renewals, signal).catch(() => undefined);
    await rest();
    while (!signal.aborted) {
      try {
        await this.#renew();
      } catch (error) {
        if (UnpairError.from(error).code === 'ABORTED') throw error;
        logger.warn({ error }, 'the lease could not be renewed; trying again');
        if (this.#age() > patience * this.#duration) throw this.#lost('the NATS server does not answer');
      }
      await rest();
    }
  }

  async #renew(): Promise<void> {
    const entry = { value: new Uint8Array(), revision: this.#revision };
    if (await this.#write(entry).catch((error: unknown) => this.#writeAnew(error))) return;
    const found = await this.#bucket.get(key);
    this.#holder = found && holderIn(found);
    // A renewal whose confirmation was lost stands in its own way.
    if (found !== undefined && this.#holder?.id === this.#id) this.#revision = found.revision;
    else throw this.#lost(`${this.holderAddress || 'another process'} leads now`);
  }

  /** Writes the lease where its bucket was deleted, and fails as writing did where it was not. */
  async #writeAnew(error: unknown): Promise<boolean> {
    if (!(await this.#bucket.restore())) throw error;
    return this.#write(undefined);
  }

  #lost(reason: string): UnpairError {
    this.#renewed = undefined;
    return new UnpairError('ABORTED', `This process no longer leads, for ${reason}.`);
  }

  /** Gives the lease up, so that another can have it at once. */
  async release(): Promise<void> {
    if (this.#renewed === undefined) return;
    this.#renewed = undefined;
    const nobody: Holder = { id: '', address: '', process: null };
    await this.#bucket
      .replace(key, Buffer.from(JSON.stringify(nobody)), this.#revision)
      .catch(() => undefined);
  }
}

const key = 'holder';

/** What an entry says; nobody where it is damaged. */
function holderIn({ value }: Entry): Holder | undefined {
  try {
    const holder = JSON.parse(Buffer.from(value).toString()) as Partial<Holder>;
    const { id = '', address = '', process = null } = holder;
    return { id, address, process };
  } catch {
    return undefined;
  }
}
