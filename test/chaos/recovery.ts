import { resultsStream } from '@unpair/protocol';
import type { NatsConnection } from 'nats';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultKind } from './schedule.js';

const POLL_MS = 200;

/** Watches how soon after the end of a fault the next result is written. */
export class RecoveryWatch {
  readonly #connection: NatsConnection;
  readonly #stop = new AbortController();
  readonly #open: { readonly kind: FaultKind; readonly since: number }[] = [];
  readonly #worst = new Map<FaultKind, { count: number; seconds: number }>();
  readonly #watching: Promise<void>;
  #last = 0;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#watching = this.#watch();
  }

  /** A fault has ended. */
  ended(kind: FaultKind): void {
    this.#open.push({ kind, since: performance.now() });
  }

  /** How often each kind came, and the longest wait for a result after it, in seconds. */
  get worst(): ReadonlyMap<FaultKind, { readonly count: number; readonly seconds: number }> {
    return this.#worst;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const last = await this.#lastResult();
      if (last !== undefined && last > this.#last) {
        this.#last = last;
        this.#settle();
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #lastResult(): Promise<number | undefined> {
    try {
      const manager = await this.#connection.jetstreamManager({ timeout: 1_000 });
      return (await manager.streams.info(resultsStream)).state.last_seq;
    } catch {
      return undefined;
    }
  }

  #settle(): void {
    const now = performance.now();
    for (const { kind, since } of this.#open.splice(0)) {
      const before = this.#worst.get(kind) ?? { count: 0, seconds: 0 };
      const seconds = Math.max(before.seconds, (now - since) / 1_000);
      this.#worst.set(kind, { count: before.count + 1, seconds });
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }
}
