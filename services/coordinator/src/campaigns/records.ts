import {
  campaignsBucket,
  decodeRecord,
  encodeRecord,
  type CampaignRecord,
  type CreateCampaignRequest,
} from '@unpair/protocol';
import { Bucket, type NatsConnection } from '@unpair/platform';
import { createHash } from 'node:crypto';

/** The campaign that a request creates: derived from its request id, so that asking twice creates once. */
export function campaignIdOf(requestId: string): string {
  return `c-${createHash('sha256').update(requestId).digest('hex').slice(0, 20)}`;
}

/** Campaign records in a bucket: what a coordinator that starts anew knows of its campaigns. */
export class CampaignRecords {
  readonly #bucket: Bucket;

  private constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Opens the bucket, creating it at the first time. */
  static async open(connection: NatsConnection, { replicas = 1 } = {}): Promise<CampaignRecords> {
    const options = { name: campaignsBucket, what: 'campaign records', replicas };
    return new CampaignRecords(await Bucket.open(connection, options));
  }

  /** Writes a new record, or returns the one that the same request id made before. */
  async create(request: CreateCampaignRequest, createTime: Date): Promise<CampaignRecord> {
    const id = campaignIdOf(request.requestId);
    const record: CampaignRecord = { id, request, createTime, cancelTime: undefined };
    if (await this.#bucket.create(id, encodeRecord(record))) return record;
    return (await this.get(id)) ?? record;
  }

  async get(id: string): Promise<CampaignRecord | undefined> {
    const value = await this.#bucket.get(id);
    return value === undefined ? undefined : decodeRecord(value);
  }

  /** Replaces a record by one with a later state. */
  async put(record: CampaignRecord): Promise<void> {
    await this.#bucket.put(record.id, encodeRecord(record));
  }

  /** Every record there is. */
  async all(): Promise<CampaignRecord[]> {
    const records: CampaignRecord[] = [];
    for (const id of await this.#bucket.keys()) {
      const record = await this.get(id);
      if (record !== undefined) records.push(record);
    }
    return records;
  }
}
