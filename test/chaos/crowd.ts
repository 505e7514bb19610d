import type { Report } from '@unpair/campaign';
import { UnpairError } from '@unpair/errors';
import { CampaignState, type Campaign } from '@unpair/protocol';
import { CampaignClient } from '../../cli/src/client/campaign-client.js';
import { patiently, type Patience } from '../../cli/src/client/patience.js';
import { submitCampaign } from '../../cli/src/client/submit.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Campaigns, Ending } from './campaigns.js';

/** Milliseconds between two looks at campaigns. */
export const lookInterval = 1_000;

interface Active {
  readonly id: string;
  readonly variant: number;
  cancelled: boolean;
}

/** What each variant comes to on a cluster where nothing happens to it. */
export async function undisturbed(
  server: string,
  campaigns: Campaigns,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Ending>> {
  using crowd = new Crowd(server, campaigns, new Map(), signal);
  const endings = new Map<number, Ending>();
  for (let variant = 0; variant < campaigns.variants; variant++) {
    const id = await crowd.submit();
    await crowd.settle(120);
    endings.set(variant, await crowd.ending(id));
  }
  return endings;
}

/** Many campaigns at once on one cluster, as many hands would run them; what ends is held against what it should be. */
export class Crowd implements Disposable {
  readonly #client: CampaignClient;
  readonly #campaigns: Campaigns;
  readonly #patience: Patience;
  readonly #expected: ReadonlyMap<number, Ending>;
  readonly #active = new Map<string, Active>();
  readonly #violations: string[] = [];
  #submitted = 0;

  constructor(
    server: string,
    campaigns: Campaigns,
    expected: ReadonlyMap<number, Ending>,
    signal: AbortSignal,
  ) {
    this.#client = new CampaignClient(server);
    this.#campaigns = campaigns;
    this.#expected = expected;
    this.#patience = { signal, attempts: 1_200, delayMs: 500 };
  }

  get active(): number {
    return this.#active.size;
  }

  get submitted(): number {
    return this.#submitted;
  }

  get violations(): readonly string[] {
    return this.#violations;
  }

  /** Submits one campaign more. */
  async submit(): Promise<string> {
    const number = this.#submitted++;
    const variant = number % this.#campaigns.variants;
    const submission = await this.#campaigns.submission(`chaos-${number}`, variant);
    const { id } = await submitCampaign(this.#client, submission, this.#patience);
    this.#active.set(id, { id, variant, cancelled: false });
    return id;
  }

  /** Cancels the campaign that runs the longest and was not cancelled yet. */
  async cancelOne(): Promise<void> {
    const one = [...this.#active.values()].find(({ cancelled }) => !cancelled);
    if (one === undefined) return;
    one.cancelled = true;
    try {
      await patiently(() => this.#client.cancel(one.id, this.#patience.signal), this.#patience);
    } catch (error) {
      // It has ended meanwhile.
      if (UnpairError.from(error).code !== 'FAILED_PRECONDITION') throw error;
    }
  }

  /** Looks at every active campaign, and takes out those that have ended. */
  async look(): Promise<void> {
    for (const one of [...this.#active.values()]) {
      const campaign = await this.#get(one.id);
      if (campaign.state === CampaignState.RUNNING) continue;
      this.#active.delete(one.id);
      await this.#judge(one, campaign);
    }
  }

  async #judge({ id, variant, cancelled }: Active, { state, failures }: Campaign): Promise<void> {
    if (cancelled && state === CampaignState.CANCELLED) return;
    if (state !== CampaignState.SUCCEEDED) {
      this.#violations.push(`${id} ended as ${state}: ${failures.join('; ')}`);
      return;
    }
    const ending = await this.ending(id);
    const expected = this.#expected.get(variant) ?? ending;
    for (const key of ['digest', 'queries'] as const) {
      if (ending[key] === expected[key]) continue;
      this.#violations.push(`${id} ended with ${key} ${ending[key]} instead of ${expected[key]}`);
    }
  }

  /** Waits until all campaigns have ended; says which have not within so many seconds. */
  async settle(patience: number): Promise<readonly string[]> {
    const end = performance.now() + patience * 1_000;
    while (this.active > 0) {
      if (performance.now() > end) return this.#describeActive();
      await this.look();
      await sleep(lookInterval);
    }
    return [];
  }

  /** What an ended campaign came to. */
  async ending(id: string): Promise<Ending> {
    const report = await patiently(() => this.#client.report(id, this.#patience.signal), this.#patience);
    const { integrity } = JSON.parse(report) as Report;
    const { progress } = await this.#get(id);
    return { digest: integrity.resultsDigest, queries: progress?.queries ?? 0 };
  }

  #get(id: string): Promise<Campaign> {
    return patiently(() => this.#client.get(id, this.#patience.signal), this.#patience);
  }

  /** Every campaign that the coordinator knows. */
  async list(): Promise<readonly Campaign[]> {
    const all: Campaign[] = [];
    for (let token = ''; ;) {
      const page = await patiently(
        () =>
          this.#client.list(
            { pageSize: 1_000, pageToken: token, states: [], labels: {} },
            this.#patience.signal,
          ),
        this.#patience,
      );
      all.push(...page.campaigns);
      token = page.nextPageToken;
      if (token === '') return all;
    }
  }

  /** What is still running, in words. */
  async #describeActive(): Promise<readonly string[]> {
    const campaigns = await Promise.all([...this.#active.keys()].map((id) => this.#get(id)));
    return campaigns.map(
      ({ id, state, progress, waiting }) => `${id} is ${state} ${waiting}: ${JSON.stringify(progress)}`,
    );
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}
