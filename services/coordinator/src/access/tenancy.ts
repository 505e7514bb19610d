import { UnpairError } from '@unpair/errors';
import type { ArtefactStore, Identity } from '@unpair/platform';
import type { CampaignBook, UnreadableCampaign } from '../campaigns/campaign-book.js';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import type { RecordedCampaign } from '../campaigns/recorded-campaign.js';
import type { ArtefactOwners } from './artefact-owners.js';
import { Tally } from './tally.js';

/** What one tenant may have at a time. */
export interface Quotas {
  readonly campaigns: number;
  /** Of one campaign. */
  readonly tasks: number;
  readonly bytes: number;
  readonly uploads: number;
  readonly streams: number;
}

export interface TenancyOptions {
  readonly book: CampaignBook;
  readonly artefacts: ArtefactStore;
  /** Absent where nobody is asked who he is: then everything is everyone's, and nothing is counted. */
  readonly guard?: { readonly owners: ArtefactOwners; readonly quotas: Quotas } | undefined;
}

/** Whose campaigns and artefacts are whose, and how much of each a tenant may have. */
export class Tenancy {
  readonly #options: TenancyOptions;
  readonly #uploads: Tally;
  readonly #streams: Tally;

  constructor(options: TenancyOptions) {
    this.#options = options;
    const { uploads = Infinity, streams = Infinity } = options.guard?.quotas ?? {};
    this.#uploads = new Tally('uploads', uploads);
    this.#streams = new Tally('streams', streams);
  }

  /** The campaign of an id or its beginning, among those that the caller may know of. @throws UnpairError NOT_FOUND */
  resolve(id: string, identity: Identity): CampaignRun | UnreadableCampaign {
    return this.#options.book.resolve(id, (each) => sees(identity, each));
  }

  /** The same, of one that can be run. */
  get(id: string, identity: Identity): CampaignRun {
    return this.#options.book.get(this.idOf(id, identity));
  }

  /** The whole id. */
  idOf(id: string, identity: Identity): string {
    return this.resolve(id, identity).id;
  }

  /** The campaigns of the caller's tenant, or of all. @throws UnpairError PERMISSION_DENIED where all are for admins */
  list(identity: Identity, all: boolean): (CampaignRun | UnreadableCampaign)[] {
    if (all && identity.role !== 'admin')
      throw new UnpairError('PERMISSION_DENIED', 'These credentials do not allow this call.');
    const { book } = this.#options;
    const campaigns = [...book.all(), ...book.unreadable()];
    return all ? campaigns : campaigns.filter(({ tenant }) => tenant === identity.tenant);
  }

  /** Artefacts as the caller may refer to them. */
  artefactsOf({ tenant, role }: Identity, { lookup = false } = {}): Pick<ArtefactStore, 'has'> {
    const { artefacts, guard } = this.#options;
    // What an admin uploads is held by his tenant; he may refer to all there is.
    if (guard === undefined || (role === 'admin' && !lookup)) return artefacts;
    return { has: async (digest) => guard.owners.holds(tenant, digest) && artefacts.has(digest) };
  }

  /** @throws UnpairError RESOURCE_EXHAUSTED where the tenant runs as many campaigns as it may */
  checkCampaigns({ tenant }: Identity): void {
    const most = this.#options.guard?.quotas.campaigns ?? Infinity;
    let running = 0;
    for (const run of this.#options.book.running()) if (run.tenant === tenant) running++;
    if (running < most) return;
    const message = `The tenant ${tenant} runs ${running} campaigns, and may run ${most} at a time; try again when one has ended.`;
    throw new UnpairError('RESOURCE_EXHAUSTED', message);
  }

  /** Tasks that one campaign may have. */
  mostTasks(most: number): number {
    return Math.min(most, this.#options.guard?.quotas.tasks ?? Infinity);
  }

  /** Bytes that the tenant may still store; nothing is counted where nobody is asked who he is. */
  async room({ tenant }: Identity): Promise<{ readonly left: number; readonly most: number }> {
    const { artefacts, guard } = this.#options;
    if (guard === undefined) return { left: Infinity, most: Infinity };
    const { owners, quotas } = guard;
    if (owners.bytes(tenant) >= quotas.bytes) await owners.prune(tenant, artefacts);
    return { left: quotas.bytes - owners.bytes(tenant), most: quotas.bytes };
  }

  /** Whether an upload has to be read to its end, to see that the caller has it. */
  mustProve({ tenant }: Identity, digest: string): boolean {
    return this.#options.guard?.owners.holds(tenant, digest) === false;
  }

  /** The caller has sent all of an artefact. */
  async grant({ tenant }: Identity, digest: string, bytes: number): Promise<void> {
    await this.#options.guard?.owners.grant(tenant, digest, bytes);
  }

  /**
   * Lets an admin read any artefact, and others the models that campaigns of theirs have made, but for targets.
   * @throws UnpairError PERMISSION_DENIED for a target of theirs; NOT_FOUND for all else
   */
  checkDownload(identity: Identity, digest: string): void {
    if (identity.role === 'admin') return;
    const own = [...this.#options.book.all()].filter((run) => run.tenant === identity.tenant);
    const isOf = (run: CampaignRun, name: string): boolean => run.digest(name) === digest;
    if (own.some((run) => run.file.targets.some(({ model }) => isOf(run, model))))
      throw new UnpairError('PERMISSION_DENIED', 'These credentials do not allow this call.');
    if (own.some((run) => madeModels(run).some((name) => isOf(run, name)))) return;
    throw new UnpairError('NOT_FOUND', `Artefact ${digest} is not stored.`);
  }

  /** Runs one of the uploads that a tenant may have open. */
  upload<T>({ tenant }: Identity, work: () => Promise<T>): Promise<T> {
    return this.#uploads.during(tenant, work);
  }

  /** Hands on one of the streams that a tenant may have open. */
  stream<T>({ tenant }: Identity, items: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    return this.#streams.along(tenant, items);
  }
}

function sees({ role, tenant }: Identity, campaign: RecordedCampaign): boolean {
  return role === 'admin' || campaign.tenant === tenant;
}

/** Models of a campaign that it made itself. */
function madeModels(run: CampaignRun): readonly string[] {
  const given = run.record.request?.models ?? {};
  return [...run.file.models.keys()].filter((name) => !Object.hasOwn(given, name));
}
