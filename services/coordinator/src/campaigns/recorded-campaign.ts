import { defaultTenant } from '@unpair/platform';
import type { Campaign, CampaignRecord, ModelSource } from '@unpair/protocol';

/** A campaign as far as its record tells: what it is, and what was done to it. */
export abstract class RecordedCampaign {
  readonly id: string;
  protected current: CampaignRecord;

  constructor(record: CampaignRecord) {
    this.id = record.id;
    this.current = record;
  }

  get record(): CampaignRecord {
    return this.current;
  }

  /** Counted up whenever the campaign is resumed. */
  get round(): number {
    return this.current.round;
  }

  /** Campaigns of a higher priority are served first. */
  get priority(): number {
    return this.current.priority;
  }

  /** Its share among campaigns of one priority; above 0. */
  get weight(): number {
    return this.current.weight > 0 ? this.current.weight : 1;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.current.request?.labels ?? {};
  }

  /** Whose it is. */
  get tenant(): string {
    return this.current.tenant ?? defaultTenant;
  }

  get isPaused(): boolean {
    return this.current.pauseTime !== undefined;
  }

  get isCancelled(): boolean {
    return this.current.cancelTime !== undefined;
  }

  /** The published file that a model was made from, as far as the client told. */
  source(model: string): ModelSource | undefined {
    const sources = this.current.request?.sources ?? {};
    return Object.hasOwn(sources, model) ? sources[model] : undefined;
  }

  /** What clients see of it. */
  protected get settings(): Pick<Campaign, keyof CampaignRecord & keyof Campaign> & Pick<Campaign, 'labels'> {
    const { id, labels, priority, weight, round, current } = this;
    const { createTime, tenant } = current;
    return {
      id,
      labels: { ...labels },
      priority,
      weight,
      round,
      createTime,
      ...(tenant !== undefined && { tenant }),
    };
  }
}
