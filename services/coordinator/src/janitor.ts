import type { ArtefactStore, Clock, Logger, QueueDepth } from '@unpair/platform';
import { referencesOf } from './api/create-campaign.js';
import type { CampaignBook } from './campaigns/campaign-book.js';
import type { CampaignRun } from './campaigns/campaign-run.js';
import type { Erasure } from './campaigns/erasure.js';
import type { ResultStore } from './results/result-store.js';

/** The queues of classes of workers, as they are tidied. */
export interface TidiedQueues {
  depths(): Promise<ReadonlyMap<string, QueueDepth>>;
  /** Whether a worker is there that takes tasks of it. */
  isServed(queue: string): boolean;
  drop(queue: string): Promise<void>;
}

export interface JanitorOptions {
  readonly queues: TidiedQueues;
  /** Whether this process may still act for the cluster. */
  readonly isLeading: () => boolean;
  readonly book: CampaignBook;
  readonly store: ResultStore;
  readonly artefacts: ArtefactStore;
  readonly erasure: Erasure;
  /** Days after its end at which a campaign is deleted; 0 keeps all. */
  readonly retentionDays: number;
  /** Bytes of results above which the campaigns that ended longest ago are deleted; 0 keeps all. */
  readonly retentionBytes: number;
  /** Bytes of results that the broker holds. */
  readonly resultBytes: () => Promise<number>;
  /** Seconds for which an artefact that nothing refers to stays, and a queue that nobody serves: whoever uploads one creates a campaign next. */
  readonly grace?: number;
  /** Milliseconds between two looks. */
  readonly interval?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Deletes what nobody needs any more: campaigns that ended long ago, artefacts of no campaign, uploads that were cut off, empty
 * queues of classes of workers that are gone.
 */
export class Janitor {
  readonly #options: JanitorOptions;
  readonly #artefacts: Grace;
  readonly #queues: Grace;

  constructor(options: JanitorOptions) {
    this.#options = options;
    const { grace = 3_600, clock } = options;
    this.#artefacts = new Grace(grace, clock);
    this.#queues = new Grace(grace, clock);
  }

  /** Looks at regular intervals until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, interval = 600_000, isLeading, logger } = this.#options;
    while (!signal.aborted) {
      await (isLeading() ? this.look() : Promise.resolve()).catch((error: unknown) => {
        logger.warn({ error }, 'could not look for what nobody needs any more');
      });
      await clock.sleep(interval, signal).catch(() => undefined);
    }
  }

  /** Someone asks for these, and may refer to them soon. */
  touch(digests: Iterable<string>): void {
    this.#artefacts.forget(digests);
  }

  /** Looks once. */
  async look(): Promise<void> {
    await this.#deleteOld();
    await this.#deleteArtefacts();
    await this.#deleteQueues();
  }

  async #deleteArtefacts(): Promise<void> {
    const { artefacts, logger } = this.#options;
    const { digests, uploads } = await artefacts.contents();
    const needed = await this.#needed();
    const unneeded = [...digests, ...uploads].filter((name) => !needed.has(name));
    for (const name of this.#artefacts.over(unneeded)) {
      await (digests.includes(name) ? artefacts.remove(name) : artefacts.removeUpload(name));
      logger.info({ artefact: name }, 'deleted what no campaign refers to');
    }
  }

  async #deleteQueues(): Promise<void> {
    const { queues, logger } = this.#options;
    const unused = [...(await queues.depths())]
      .filter(([queue, { waiting, held }]) => waiting + held === 0 && !queues.isServed(queue))
      .map(([queue]) => queue);
    for (const queue of this.#queues.over(unused)) {
      await queues.drop(queue);
      logger.info({ queue }, 'deleted an empty queue that no worker serves');
    }
  }

  /** Digests that campaigns refer to: what they were given, and what was made for them. */
  async #needed(): Promise<ReadonlySet<string>> {
    const { book, store } = this.#options;
    const needed = new Set<string>();
    for (const campaign of [...book.all(), ...book.unreadable()]) {
      const { request } = campaign.record;
      if (request !== undefined) for (const [, digest] of referencesOf(request)) needed.add(digest);
      const made =
        'digests' in campaign
          ? campaign.digests
          : (await store.models(campaign.id)).map(({ digest }) => digest);
      for (const digest of made) if (digest !== null) needed.add(digest);
    }
    return needed;
  }

  async #deleteOld(): Promise<void> {
    const { retentionDays, retentionBytes, resultBytes, clock } = this.#options;
    const oldest = clock.now().getTime() - retentionDays * 86_400_000;
    for (const [run, end] of this.#ended()) {
      const isOld = retentionDays > 0 && end < oldest;
      if (!isOld && (retentionBytes === 0 || (await resultBytes()) <= retentionBytes)) return;
      await this.#erase(
        run,
        isOld ? 'ended long ago' : 'ended longest ago, for results are beyond their limit',
      );
    }
  }

  /** Campaigns that have ended, and when; the one that ended longest ago first. */
  #ended(): readonly (readonly [CampaignRun, number])[] {
    return [...this.#options.book.all()]
      .flatMap((run) => {
        const { endTime } = run.snapshot();
        return endTime === undefined ? [] : [[run, endTime.getTime()] as const];
      })
      .sort(([, a], [, b]) => a - b);
  }

  async #erase(run: CampaignRun, why: string): Promise<void> {
    const { erasure, logger } = this.#options;
    logger.info({ campaign: run.id }, `deletes a campaign that ${why}`);
    await erasure.erase(run.id);
  }
}

/** Since when things are known to be of no use, by this clock, for those of others may be wrong. */
class Grace {
  readonly #seconds: number;
  readonly #clock: Clock;
  readonly #since = new Map<string, number>();

  constructor(seconds: number, clock: Clock) {
    this.#seconds = seconds;
    this.#clock = clock;
  }

  forget(names: Iterable<string>): void {
    for (const name of names) this.#since.delete(name);
  }

  /** @returns those of what is of no use now that have been so at every look for long enough */
  over(useless: readonly string[]): readonly string[] {
    const now = this.#clock.seconds();
    const known = new Set(useless);
    this.forget([...this.#since.keys()].filter((name) => !known.has(name)));
    for (const name of known) if (!this.#since.has(name)) this.#since.set(name, now);
    return useless.filter((name) => now - (this.#since.get(name) ?? now) >= this.#seconds);
  }
}
