import type { ArtefactStore, Clock, Logger } from '@unpair/platform';
import { referencesOf } from './api/create-campaign.js';
import type { CampaignBook } from './campaigns/campaign-book.js';
import type { CampaignRun } from './campaigns/campaign-run.js';
import type { Erasure } from './campaigns/erasure.js';
import type { ResultStore } from './results/result-store.js';

export interface JanitorOptions {
  readonly book: CampaignBook;
  readonly store: ResultStore;
  readonly artefacts: ArtefactStore;
  readonly erasure: Erasure;
  /** Days after its end at which a campaign is deleted; 0 keeps all. */
  readonly retentionDays: number;
  /** Seconds for which an artefact that nothing refers to stays: whoever uploads it creates a campaign next. */
  readonly grace?: number;
  /** Milliseconds between two looks. */
  readonly interval?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Deletes what nobody needs any more: campaigns that ended long ago, artefacts of no campaign, uploads that were cut off. */
export class Janitor {
  readonly #options: JanitorOptions;
  /** Since when what nothing refers to is known to be so, in seconds: by this clock, for those of uploaders may be wrong. */
  readonly #unneeded = new Map<string, number>();

  constructor(options: JanitorOptions) {
    this.#options = options;
  }

  /** Looks at regular intervals until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, interval = 600_000, logger } = this.#options;
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => {
        logger.warn({ error }, 'could not look for what nobody needs any more');
      });
      await clock.sleep(interval, signal).catch(() => undefined);
    }
  }

  /** Someone asks for these, and may refer to them soon. */
  touch(digests: Iterable<string>): void {
    for (const digest of digests) this.#unneeded.delete(digest);
  }

  /** Looks once. */
  async look(): Promise<void> {
    await this.#deleteOld();
    const { artefacts, clock, grace = 3_600, logger } = this.#options;
    const { digests, uploads } = await artefacts.contents();
    const needed = await this.#needed();
    const now = clock.seconds();
    const names = new Set([...digests, ...uploads]);
    for (const name of this.#unneeded.keys()) if (!names.has(name)) this.#unneeded.delete(name);
    for (const name of names) {
      if (needed.has(name)) {
        this.#unneeded.delete(name);
        continue;
      }
      const since = this.#unneeded.get(name) ?? now;
      this.#unneeded.set(name, since);
      if (now - since < grace) continue;
      await (digests.includes(name) ? artefacts.remove(name) : artefacts.removeUpload(name));
      this.#unneeded.delete(name);
      logger.info({ artefact: name }, 'deleted what no campaign refers to');
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
    const { book, erasure, retentionDays, clock, logger } = this.#options;
    if (retentionDays === 0) return;
    const oldest = clock.now().getTime() - retentionDays * 86_400_000;
    const isOld = (run: CampaignRun): boolean => {
      const { endTime } = run.snapshot();
      return endTime !== undefined && endTime.getTime() < oldest;
    };
    for (const run of [...book.all()].filter(isOld)) {
      logger.info({ campaign: run.id }, 'deletes a campaign that ended long ago');
      await erasure.erase(run.id);
    }
  }
}
