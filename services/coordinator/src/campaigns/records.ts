import {
  campaignsBucket,
  decodeRecord,
  encodeRecord,
  type CampaignRecord,
  type CreateCampaignRequest,
} from '@unpair/protocol';
import { fromNats, isFenced, managementTimeout } from '@unpair/platform';
import { StorageType, type KV, type NatsConnection } from 'nats';
import { createHash } from 'node:crypto';

/** The campaign that a request creates: derived from its request id, so that asking twice creates once. */
export function campaignIdOf(requestId: string): string {
  return `c-${createHash('sha256').update(requestId).digest('hex').slice(0, 20)}`;
}

/** Campaign records in a JetStream key-value bucket: what a coordinator that starts anew knows of its campaigns. */
export class CampaignRecords {
  readonly #bucket: KV;

  private constructor(bucket: KV) {
    this.#bucket = bucket;
  }

  /** Opens the bucket, creating it at the first time. */
  static async open(connection: NatsConnection, { replicas = 1 } = {}): Promise<CampaignRecords> {
    try {
      const options = { history: 1, replicas, storage: StorageType.File };
      const { views } = connection.jetstream({ timeout: managementTimeout });
      return new CampaignRecords(await views.kv(campaignsBucket, options));
    } catch (error) {
      throw fromNats('open the campaign records', error);
    }
  }

  /** Writes a new record, or returns the one that the same request id made before. */
  async create(request: CreateCampaignRequest, createTime: Date): Promise<CampaignRecord> {
    const id = campaignIdOf(request.requestId);
    const record: CampaignRecord = { id, request, createTime, cancelTime: undefined };
    try {
      await this.#bucket.create(id, encodeRecord(record));
      return record;
    } catch (error) {
      const existing = isFenced(error) ? await this.get(id) : undefined;
      if (existing !== undefined) return existing;
      throw fromNats('store the campaign', error);
    }
  }

  async get(id: string): Promise<CampaignRecord | undefined> {
    try {
      const entry = await this.#bucket.get(id);
      return entry === null ? undefined : decodeRecord(entry.value);
    } catch (error) {
      throw fromNats(`read campaign ${id}`, error);
    }
  }

  /** Replaces a record by one with a later state. */
  async put(record: CampaignRecord): Promise<void> {
    try {
      await this.#bucket.put(record.id, encodeRecord(record));
    } catch (error) {
      throw fromNats(`store campaign ${record.id}`, error);
    }
  }

  /** Every record there is. */
  async all(): Promise<CampaignRecord[]> {
    try {
      const records: CampaignRecord[] = [];
      for await (const id of await this.#bucket.keys()) {
        const record = await this.get(id);
        if (record !== undefined) records.push(record);
      }
      return records;
    } catch (error) {
      throw fromNats('read the campaign records', error);
    }
  }
}
