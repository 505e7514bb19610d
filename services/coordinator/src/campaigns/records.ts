import {
  campaignsBucket,
  decodeRecord,
  encodeRecord,
  type CampaignRecord,
  type CreateCampaignRequest,
} from '@unpair/protocol';
import { UnpairError } from '@unpair/errors';
import {
  Bucket,
  defaultTenant,
  presentTrace,
  type Entry,
  type Logger,
  type NatsConnection,
} from '@unpair/platform';
import { createHash, createHmac } from 'node:crypto';

/** The campaign that a request creates: derived from its request id, so that asking twice creates once. */
export function campaignIdOf(requestId: string, tenant = defaultTenant): string {
  // Request ids are digests of what is asked for: two tenants that ask for the same have a campaign each.
  const hash = tenant === defaultTenant ? createHash('sha256') : createHmac('sha256', tenant);
  return `c-${hash.update(requestId).digest('hex').slice(0, 20)}`;
}

/** Where a record goes that cannot be read. */
const damaged = 'damaged.';

export interface CampaignRecordsOptions {
  readonly replicas?: number;
  readonly logger: Logger;
}

/** What a record is written for: the campaign that it is the record of. */
export interface Recorded {
  readonly record: CampaignRecord;
  revise(record: CampaignRecord): void;
}

interface Known {
  readonly record: CampaignRecord;
  readonly revision: number;
}

/**
 * Campaign records in a bucket: what a coordinator that starts anew knows of its campaigns. A record is replaced only by
 * who has read its newest revision, so that a coordinator that no longer leads changes nothing.
 */
export class CampaignRecords {
  readonly #bucket: Bucket;
  readonly #logger: Logger;
  /** What the bucket holds, as this process wrote or read it: should someone delete the bucket, it is written again. */
  readonly #known = new Map<string, Known>();
  /** Rounds that campaigns begin with which were there before: the broker drops messages that it has seen lately. */
  readonly #firstRounds = new Map<string, number>();
  /** Of those, what has still to be written again. */
  #lost = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(bucket: Bucket, logger: Logger) {
    this.#bucket = bucket;
    this.#logger = logger;
  }

  /** Opens the bucket, creating it at the first time. */
  static async open(connection: NatsConnection, options: CampaignRecordsOptions): Promise<CampaignRecords> {
    const { replicas = 1, logger } = options;
    const bucket = await Bucket.open(connection, {
      name: campaignsBucket,
      what: 'campaign records',
      replicas,
    });
    return new CampaignRecords(bucket, logger);
  }

  /** Writes a new record, or returns the one that the same request id made before. */
  async create(request: CreateCampaignRequest, createTime: Date, tenant?: string): Promise<CampaignRecord> {
    const fresh = newRecord(request, createTime, tenant);
    const record = { ...fresh, round: this.#firstRounds.get(fresh.id) ?? 0 };
    for (;;) {
      const revision = await this.#bucket.create(record.id, encodeRecord(record));
      if (revision !== undefined) this.#known.set(record.id, { record, revision });
      const stored = revision === undefined ? await this.#stored(record.id) : record;
      if (stored !== undefined) return stored;
    }
  }

  async #stored(id: string): Promise<CampaignRecord | undefined> {
    const entry = await this.#bucket.get(id);
    return entry === undefined ? undefined : this.#read(id, entry);
  }

  /** What an entry holds; one that holds no record is set aside, so that it is in nobody's way and can be looked at. */
  async #read(id: string, entry: Entry): Promise<CampaignRecord | undefined> {
    const record = decoded(id, entry.value);
    if (record !== undefined) {
      this.#known.set(id, { record, revision: entry.revision });
      return record;
    }
    const key = `${damaged}${id}.${entry.revision}`;
    this.#logger.error({ campaign: id, key }, 'a campaign record is damaged and was set aside');
    await this.#bucket.create(key, entry.value);
    await this.#bucket.remove(id);
    return undefined;
  }

  /** Every record there is. */
  async all(): Promise<CampaignRecord[]> {
    const records: CampaignRecord[] = [];
    const entries = await this.#bucket.entries();
    for (const [id, entry] of entries) {
      if (id.startsWith(damaged)) continue;
      const record = await this.#read(id, entry);
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  /**
   * Replaces a campaign's record and lets it take that in: one change after the other, each of what the one before left.
   * @param edit may throw, and then nothing changes; or return what it got
   * @throws UnpairError ABORTED where another coordinator has changed the record
   */
  async amend(campaign: Recorded, edit: (record: CampaignRecord) => CampaignRecord): Promise<void> {
    await this.#inTurn(async () => {
      const record = edit(campaign.record);
      if (record === campaign.record) return;
      await this.#put(record);
      campaign.revise(record);
    });
  }

  /** Writes every record again where someone has deleted the bucket. */
  async restore(): Promise<void> {
    await this.#inTurn(async () => {
      if (await this.#bucket.restore()) this.#lost = new Set(this.#known.keys());
      if (this.#lost.size === 0) return;
      this.#logger.warn(
        { records: this.#lost.size },
        'the campaign records were deleted; writing them again',
      );
      for (const id of this.#lost) {
        const known = this.#known.get(id);
        if (known !== undefined) await this.#rewrite(known.record);
        this.#lost.delete(id);
      }
    });
  }

  async #rewrite(record: CampaignRecord): Promise<void> {
    const value = encodeRecord(record);
    const revision = await this.#bucket.create(record.id, value);
    // The same command may have made it anew meanwhile.
    const found = revision ?? (await this.#bucket.get(record.id))?.revision;
    if (found !== undefined) this.#known.set(record.id, { record, revision: found });
    if (revision === undefined) await this.#put(record);
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const working = this.#last.then(work);
    this.#last = working.catch(() => undefined);
    await working;
  }

  async #put(record: CampaignRecord): Promise<void> {
    const { id } = record;
    const value = encodeRecord(record);
    const revision = await this.#bucket.replace(id, value, this.#known.get(id)?.revision ?? 0);
    // A write whose confirmation was lost stands in its own way.
    const stored = revision ?? (await this.#revisionOf(id, value));
    if (stored !== undefined) this.#known.set(id, { record, revision: stored });
    else {
      const message = `Campaign ${id} was changed by another coordinator; ask again.`;
      throw new UnpairError('ABORTED', message, { reason: 'CHANGED_MEANWHILE' });
    }
  }

  async #revisionOf(id: string, value: Uint8Array): Promise<number | undefined> {
    const entry = await this.#bucket.get(id);
    return entry !== undefined && Buffer.compare(entry.value, value) === 0 ? entry.revision : undefined;
  }

  /** Removes a record, and so the last trace of its campaign. */
  async remove({ id, round }: CampaignRecord): Promise<void> {
    await this.#bucket.remove(id);
    this.#known.delete(id);
    this.#firstRounds.set(id, round + 1);
  }
}

/** The record of a campaign that has just been asked for. */
export function newRecord(
  request: CreateCampaignRequest,
  createTime: Date,
  tenant = defaultTenant,
): CampaignRecord {
  const trace = presentTrace();
  return {
    id: campaignIdOf(request.requestId, tenant),
    ...(tenant !== defaultTenant && { tenant }),
    ...(trace !== undefined && { trace }),
    request,
    createTime,
    cancelTime: undefined,
    round: 0,
    retriedRound: 0,
    droppedSequence: 0,
    choices: [],
    pauseTime: undefined,
    priority: request.priority,
    weight: request.weight,
    deleteTime: undefined,
    engine: '',
    trainEngine: '',
  };
}

function decoded(id: string, value: Uint8Array): CampaignRecord | undefined {
  try {
    const record = decodeRecord(value);
    return record.id === id && record.request !== undefined ? record : undefined;
  } catch {
    return undefined;
  }
}
