import type { CallContext, Clock, Handlers, Identity } from '@unpair/platform';
import { CampaignState } from '@unpair/protocol';
import type {
  Campaign,
  CampaignServiceServer,
  CreateCampaignRequest,
  DownloadArtefactRequest,
  DownloadArtefactResponse,
  ExportResultsRequest,
  ExportResultsResponse,
  ListCampaignsRequest,
  ListCampaignsResponse,
  StreamReportRequest,
  StreamReportResponse,
  WatchCampaignRequest,
  WatchCampaignResponse,
} from '@unpair/protocol';
import { Tenancy, type TenancyOptions } from '../access/tenancy.js';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import { campaignIdOf } from '../campaigns/records.js';
import type { Coordinator } from '../coordinator.js';
import { findMissing, Uploads, type UploadsOptions } from './artefacts.js';
import { checkArtefacts, checkRequest, referencesOf, checkShare, refused } from './create-campaign.js';
import { exportTable } from './export.js';
import { page } from './pagination.js';
import { asOneMessage, inChunks, reportOf, type ReportSources } from './report.js';
import { listTasks } from './tasks.js';
import { watch } from './watch.js';

export interface CampaignServiceOptions {
  readonly coordinator: Coordinator;
  readonly handlers: Handlers;
  readonly clock: Clock;
  /** Where exports are written before they are sent. */
  readonly exportDirectory: string;
  /** Limits of uploads, where they are not as usual. */
  readonly uploads?: Pick<UploadsOptions, 'most' | 'patience'>;
  /** Who holds which artefact, and how much a tenant may have; absent where nobody is asked who he is. */
  readonly guard?: TenancyOptions['guard'];
  /** Versions that reports state. */
  readonly versions: Readonly<Record<string, string>>;
}

type Tenanted = CampaignServiceOptions & { readonly tenancy: Tenancy };

/** `unpair.v1.CampaignService` over a coordinator. */
export function campaignService(options: CampaignServiceOptions): CampaignServiceServer {
  const { coordinator, handlers } = options;
  const { artefacts, book } = coordinator;
  const tenancy = new Tenancy({ book, artefacts, guard: options.guard });
  const uploads = new Uploads({ artefacts, tenancy, clock: options.clock, ...options.uploads });
  return {
    createCampaign: handlers.unary(async (request, { identity }) => ({
      campaign: await create({ ...options, tenancy }, request, identity),
    })),
    getCampaign: handlers.unary(({ id }, { identity }) =>
      Promise.resolve({ campaign: tenancy.resolve(id, identity).snapshot() }),
    ),
    listCampaigns: handlers.unary((request, { identity }) =>
      Promise.resolve(list(tenancy, identity, request)),
    ),
    listWorkers: handlers.unary(() => Promise.resolve({ workers: coordinator.workers.all() })),
    getReport: handlers.unary(async ({ id, form }, { signal, identity }) =>
      asOneMessage(await reportOf(tenancy.get(id, identity), sourcesOf(options), signal), form),
    ),
    findMissingArtefacts: handlers.unary(async ({ digests }, { identity }) => {
      coordinator.janitor.touch(digests);
      return { digests: await findMissing(tenancy.artefactsOf(identity, { lookup: true }), digests) };
    }),
    uploadArtefact: handlers.clientStream((requests, { signal, identity }) =>
      uploads.take(requests, identity, signal),
    ),
    ...lifeOf({ ...options, tenancy }),
    ...streams({ ...options, tenancy }),
  };
}

type LifeMethod =
  | 'pauseCampaign'
  | 'resumeCampaign'
  | 'cancelCampaign'
  | 'dropTasks'
  | 'updateCampaign'
  | 'deleteCampaign'
  | 'listTasks'
  | 'diagnose';

/** What is done to campaigns and their tasks. */
function lifeOf(options: Tenanted): Pick<CampaignServiceServer, LifeMethod> {
  const { coordinator, handlers, clock, versions, tenancy } = options;
  const { life, rebinding, book, store, erasure, journal } = coordinator;
  const noted = (run: CampaignRun, what: string, more = {}): { campaign: Campaign } => {
    journal.done(run, what, more);
    return { campaign: run.snapshot() };
  };
  return {
    pauseCampaign: handlers.unary(async ({ id }, { identity }) =>
      noted(await life.pause(tenancy.idOf(id, identity)), 'paused'),
    ),
    resumeCampaign: handlers.unary(async ({ id, scope, tasks }, { identity }) => {
      const run = tenancy.resolve(id, identity);
      if (run.state !== CampaignState.RUNNING) tenancy.checkCampaigns({ ...identity, tenant: run.tenant });
      return noted(await life.resume(run.id, scope, tasks), 'resumed');
    }),
    cancelCampaign: handlers.unary(async ({ id }, { identity }) =>
      noted(await life.cancel(tenancy.idOf(id, identity)), 'cancelled'),
    ),
    dropTasks: handlers.unary(async ({ id, tasks }, { identity }) => {
      const { run, dropped } = await life.drop(tenancy.idOf(id, identity), tasks);
      noted(run, 'rid of failed tasks', { dropped });
      return { campaign: run.snapshot(), dropped };
    }),
    updateCampaign: handlers.unary(async (request, { identity }) => {
      const { priority, weight, engine, trainEngine } = request;
      const id = tenancy.idOf(request.id, identity);
      const violations = checkShare({ priority, weight });
      if (violations.length > 0) throw refused(violations);
      const changes = { priority, weight, engine, trainEngine };
      if (engine !== undefined || trainEngine !== undefined)
        await rebinding.rebind(id, { engine, trainEngine });
      return noted(await life.update(id, { priority, weight }), 'changed', changes);
    }),
    deleteCampaign: handlers.unary(async (request, { identity }) => {
      const id = tenancy.idOf(request.id, identity);
      const known = book.find(id);
      const erased = await erasure.erase(id);
      if (known !== undefined) journal.done(known, 'deleted');
      return { id: erased };
    }),
    listTasks: handlers.unary((request, { identity }) =>
      listTasks(tenancy.get(request.id, identity), store, request),
    ),
    diagnose: handlers.unary(async () => {
      const findings = await coordinator.diagnose();
      return { findings, time: clock.now(), version: versions['unpair'] ?? '' };
    }),
  };
}

function sourcesOf({ coordinator, versions }: CampaignServiceOptions): ReportSources {
  const { store, artefacts, draws } = coordinator;
  return { store, artefacts, draw: draws.draw, versions };
}

function streams(
  options: Tenanted,
): Pick<CampaignServiceServer, 'watchCampaign' | 'streamReport' | 'exportResults' | 'downloadArtefact'> {
  const { coordinator, handlers, clock, exportDirectory, tenancy } = options;
  const { artefacts, store } = coordinator;
  return {
    watchCampaign: handlers.serverStream<WatchCampaignRequest, WatchCampaignResponse>(
      ({ id, resumeToken }, { signal, identity }) =>
        tenancy.stream(identity, watch(tenancy.get(id, identity), resumeToken, clock, signal)),
    ),
    streamReport: handlers.serverStream<StreamReportRequest, StreamReportResponse>(
      ({ id }, { signal, identity }) => {
        const run = tenancy.get(id, identity);
        return tenancy.stream(identity, reportChunks(run, sourcesOf(options), signal));
      },
    ),
    exportResults: handlers.serverStream<ExportResultsRequest, ExportResultsResponse>(
      (request, { identity }) => {
        const id = tenancy.get(request.id, identity).id;
        return tenancy.stream(identity, inMessages(exportTable(store, { ...request, id }, exportDirectory)));
      },
    ),
    downloadArtefact: handlers.serverStream<DownloadArtefactRequest, DownloadArtefactResponse>(
      ({ digest }: DownloadArtefactRequest, { signal, identity }: CallContext) => {
        tenancy.checkDownload(identity, digest);
        return tenancy.stream(identity, inMessages(artefacts.get(digest, signal)));
      },
    ),
  };
}

async function* reportChunks(
  run: CampaignRun,
  sources: ReportSources,
  signal: AbortSignal,
): AsyncGenerator<StreamReportResponse, void, undefined> {
  const report = await reportOf(run, sources, signal);
  for (const chunk of inChunks(report)) yield { chunk };
}

async function* inMessages(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly chunk: Buffer }, void, undefined> {
  for await (const piece of pieces) yield { chunk: Buffer.from(piece) };
}

/** The same request id of a tenant always answers with the same campaign, whatever else the request says. */
async function create(
  { coordinator, clock, tenancy }: Tenanted,
  request: CreateCampaignRequest,
  identity: Identity,
): Promise<Campaign> {
  const { tenant } = identity;
  const existing = coordinator.book.find(campaignIdOf(request.requestId, tenant));
  if (existing !== undefined) return existing.snapshot();
  const file = checkRequest(request, { maxTasks: tenancy.mostTasks(coordinator.limits.maxTasks) });
  tenancy.checkCampaigns(identity);
  await coordinator.checkRoom();
  coordinator.janitor.touch(referencesOf(request).map(([, digest]) => digest));
  await checkArtefacts(request, tenancy.artefactsOf(identity));
  const record = await coordinator.records.create(request, clock.now(), tenant);
  // Another call may have stored a campaign of that id in the meantime.
  const isOwn = record.request === request;
  const run = await coordinator.launch(record, isOwn ? file : undefined);
  coordinator.journal.done(run, 'created', { labels: run.labels });
  return run.snapshot();
}

function list(tenancy: Tenancy, identity: Identity, request: ListCampaignsRequest): ListCampaignsResponse {
  const { campaigns, nextPageToken } = page(tenancy.list(identity, request.allTenants === true), request);
  return { campaigns: campaigns.map((each) => each.snapshot()), nextPageToken };
}
