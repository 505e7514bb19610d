import { UnpairError } from '@unpair/errors';
import {
  parseCampaign,
  planCampaign,
  violationSentence,
  type Campaign as CampaignFile,
} from '@unpair/campaign';
import { type Clock, type Logger } from '@unpair/platform';
import { CampaignState, type Campaign, type CampaignRecord } from '@unpair/protocol';
import { CampaignRun } from './campaign-run.js';
import { RecordedCampaign } from './recorded-campaign.js';

export interface CampaignBookOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A campaign whose file an older version took and this one does not: it can be listed and deleted. */
export class UnreadableCampaign extends RecordedCampaign {
  readonly state = CampaignState.FAILED;
  readonly reason: string;

  constructor(record: CampaignRecord, reason: string) {
    super(record);
    this.reason = reason;
  }

  revise(record: CampaignRecord): void {
    this.current = record;
  }

  /** The campaign as clients see it. */
  snapshot(): Campaign {
    const name = /^name: *(\S+)/m.exec(this.record.request?.spec ?? '')?.[1] ?? '';
    const endTime = this.record.createTime;
    const rest = { progress: undefined, endTime, failures: [this.reason], training: [], waiting: '' };
    return { ...this.settings, name, state: this.state, ...rest };
  }
}

/** Beginnings of ids that fit several campaigns are answered with so many of them. */
const examples = 3;

/** The campaigns that this coordinator knows, by id. */
export class CampaignBook {
  readonly #options: CampaignBookOptions;
  readonly #runs = new Map<string, CampaignRun>();
  readonly #unreadable = new Map<string, UnreadableCampaign>();

  constructor(options: CampaignBookOptions) {
    this.#options = options;
  }

  /**
   * A campaign from its record, which is not in the book yet.
   * @param read its file, where it has been read already
   * @throws UnpairError FAILED_PRECONDITION where this version cannot read it
   */
  prepare(record: CampaignRecord, read?: CampaignFile): CampaignRun {
    const file = read ?? fileOf(record);
    const seconds = (): number => this.#options.clock.seconds();
    return new CampaignRun({ record, file, plan: planCampaign(file), seconds });
  }

  /** Enters a campaign; it is worked on from then on. */
  add(run: CampaignRun): void {
    this.#runs.set(run.id, run);
  }

  /** Enters all records there are; of one that this version cannot read, that much. */
  enterAll(records: readonly CampaignRecord[]): void {
    for (const record of records) {
      try {
        this.add(this.prepare(record));
      } catch (error) {
        this.#options.logger.error({ error, campaign: record.id }, 'a stored campaign cannot be resumed');
        const { message } = UnpairError.from(error);
        this.#unreadable.set(record.id, new UnreadableCampaign(record, message));
      }
    }
  }

  /** The campaign is no more. */
  remove(id: string): void {
    this.#runs.delete(id);
    this.#unreadable.delete(id);
  }

  find(id: string): CampaignRun | undefined {
    return this.#runs.get(id);
  }

  /** @throws UnpairError as {@link resolve} does; FAILED_PRECONDITION where this version cannot read the campaign */
  get(id: string): CampaignRun {
    const found = this.resolve(id);
    if (found instanceof CampaignRun) return found;
    throw new UnpairError('FAILED_PRECONDITION', found.reason, { reason: 'INVALID_IN_THIS_VERSION' });
  }

  /**
   * The campaign of an id or of the beginning of one, with or without the `c-` of all of them.
   * @param sees tells which are looked among: there are no others for who asks
   * @throws UnpairError NOT_FOUND; INVALID_ARGUMENT where several begin so
   */
  resolve(
    id: string,
    sees: (campaign: RecordedCampaign) => boolean = () => true,
  ): CampaignRun | UnreadableCampaign {
    const known = this.#find(id);
    if (known !== undefined && sees(known)) return known;
    const begins = (each: string): boolean => each.startsWith(id) || each.startsWith(`c-${id}`);
    const seen = [...this.#runs.values(), ...this.#unreadable.values()].filter(sees);
    const ids = seen.map((each) => each.id).filter(begins);
    const [only, ...others] = id === '' ? [] : ids;
    const found = only === undefined ? undefined : this.#find(only);
    if (found === undefined) {
      const message = `There is no campaign "${id}".`;
      throw new UnpairError('NOT_FOUND', message, { reason: 'CAMPAIGN_NOT_FOUND' });
    }
    if (others.length === 0) return found;
    const some = ids.sort().slice(0, examples).join(', ');
    const list = ids.length > examples ? `${some}, …` : some;
    const message = `The id of ${ids.length} campaigns begins with "${id}" (${list}): give more of it.`;
    throw new UnpairError('INVALID_ARGUMENT', message, { reason: 'AMBIGUOUS_ID' });
  }

  #find(id: string): CampaignRun | UnreadableCampaign | undefined {
    return this.#runs.get(id) ?? this.#unreadable.get(id);
  }

  all(): Iterable<CampaignRun> {
    return this.#runs.values();
  }

  /** Campaigns that are there and cannot be run, reported or changed. */
  unreadable(): Iterable<UnreadableCampaign> {
    return this.#unreadable.values();
  }

  /** Campaigns with tasks to come, of which some may be released. */
  *running(): Generator<CampaignRun, void, undefined> {
    for (const run of this.#runs.values()) if (!run.ended && !run.isPaused) yield run;
  }
}

/** The campaign that a stored record is of. @throws UnpairError FAILED_PRECONDITION where this version cannot read it */
function fileOf({ id, request }: CampaignRecord): CampaignFile {
  const parsed = parseCampaign(request?.spec ?? '');
  if (parsed.ok) return parsed.campaign;
  const sentences = parsed.violations.map(violationSentence).join(' ');
  const message = `Campaign ${id} is not valid in this version: ${sentences}`;
  throw new UnpairError('FAILED_PRECONDITION', message, { reason: 'INVALID_IN_THIS_VERSION' });
}
