import { UnpairError } from '@unpair/errors';
import { parseCampaign, planCampaign, violationSentence, type Campaign } from '@unpair/campaign';
import { type Clock, type Logger } from '@unpair/platform';
import type { CampaignRecord } from '@unpair/protocol';
import { CampaignRun } from './campaign-run.js';

export interface CampaignBookOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The campaigns that this coordinator knows, by id. */
export class CampaignBook {
  readonly #options: CampaignBookOptions;
  readonly #runs = new Map<string, CampaignRun>();

  constructor(options: CampaignBookOptions) {
    this.#options = options;
  }

  /**
   * Enters a campaign from its record; a campaign that is there already stays as it is.
   * @param read its file, where it has been read already
   */
  enter(record: CampaignRecord, read?: Campaign): CampaignRun {
    const existing = this.#runs.get(record.id);
    if (existing !== undefined) return existing;
    const file = read ?? fileOf(record);
    const seconds = (): number => this.#options.clock.seconds();
    const run = new CampaignRun({ record, file, plan: planCampaign(file), seconds });
    this.#runs.set(record.id, run);
    return run;
  }

  /** Enters all records there are; one that this version cannot read is logged and left out. */
  enterAll(records: readonly CampaignRecord[]): void {
    for (const record of records) {
      try {
        this.enter(record);
      } catch (error) {
        this.#options.logger.error({ error, campaign: record.id }, 'a stored campaign cannot be resumed');
      }
    }
  }

  find(id: string): CampaignRun | undefined {
    return this.#runs.get(id);
  }

  /** @throws UnpairError NOT_FOUND */
  get(id: string): CampaignRun {
    const run = this.find(id);
    if (run === undefined) throw new UnpairError('NOT_FOUND', `There is no campaign "${id}".`);
    return run;
  }

  all(): Iterable<CampaignRun> {
    return this.#runs.values();
  }

  /** Campaigns with tasks still to come. */
  *running(): Generator<CampaignRun, void, undefined> {
    for (const run of this.#runs.values()) if (!run.ended) yield run;
  }
}

/** The campaign that a stored record is of. @throws UnpairError FAILED_PRECONDITION where this version cannot read it */
function fileOf({ id, request }: CampaignRecord): Campaign {
  const parsed = parseCampaign(request?.spec ?? '');
  if (parsed.ok) return parsed.campaign;
  const sentences = parsed.violations.map(violationSentence).join(' ');
  throw new UnpairError('FAILED_PRECONDITION', `Campaign ${id} is not valid in this version: ${sentences}`);
}
