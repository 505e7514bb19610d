import type { CallContext, Clock, Handlers } from '@unpair/platform';
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
  /** Versions that reports state. */
  readonly versions: Readonly<Record<string, string>>;
}

/** `unpair.v1.CampaignService` over a coordinator. */
export function campaignService(options: CampaignServiceOptions): CampaignServiceServer {
  const { coordinator, handlers } = options;
  const { artefacts, book } = coordinator;
  const uploads = new Uploads({ artefacts, clock: options.clock, ...options.uploads });
  return {
    createCampaign: handlers.unary(async (request) => ({
      campaign: await create(coordinator, options, request),
    })),
    getCampaign: handlers.unary(({ id }) => Promise.resolve({ campaign: book.resolve(id).snapshot() })),
    listCampaigns: handlers.unary((request) => Promise.resolve(list(coordinator, request))),
    listWorkers: handlers.unary(() => Promise.resolve({ workers: coordinator.workers.all() })),
    getReport: handlers.unary(async ({ id, form }, { signal }) =>
      asOneMessage(await reportOf(book.get(id), sourcesOf(options), signal), form),
    ),
    findMissingArtefacts: handlers.unary(async ({ digests }) => {
      coordinator.janitor.touch(digests);
      return { digests: await findMissing(artefacts, digests) };
    }),
    uploadArtefact: handlers.clientStream((requests, { signal }) => uploads.take(requests, signal)),
    ...lifeOf(options),
    ...streams(options),
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
function lifeOf(options: CampaignServiceOptions): Pick<CampaignServiceServer, LifeMethod> {
  const { coordinator, handlers, clock, versions } = options;
  const { life, rebinding, book, store, erasure, journal } = coordinator;
  const noted = (run: CampaignRun, what: string, more = {}): { campaign: Campaign } => {
    journal.done(run, what, more);
    return { campaign: run.snapshot() };
  };
  return {
    pauseCampaign: handlers.unary(async ({ id }) => noted(await life.pause(id), 'paused')),
    resumeCampaign: handlers.unary(async ({ id, scope, tasks }) =>
      noted(await life.resume(id, scope, tasks), 'resumed'),
    ),
    cancelCampaign: handlers.unary(async ({ id }) => noted(await life.cancel(id), 'cancelled')),
    dropTasks: handlers.unary(async ({ id, tasks }) => {
      const { run, dropped } = await life.drop(id, tasks);
      noted(run, 'rid of failed tasks', { dropped });
      return { campaign: run.snapshot(), dropped };
    }),
    updateCampaign: handlers.unary(async ({ id, priority, weight, engine, trainEngine }) => {
      const violations = checkShare({ priority, weight });
      if (violations.length > 0) throw refused(violations);
      const changes = { priority, weight, engine, trainEngine };
      if (engine !== undefined || trainEngine !== undefined)
        await rebinding.rebind(id, { engine, trainEngine });
      return noted(await life.update(id, { priority, weight }), 'changed', changes);
    }),
    deleteCampaign: handlers.unary(async ({ id }) => {
      const known = book.find(id);
      const erased = await erasure.erase(id);
      if (known !== undefined) journal.done(known, 'deleted');
      return { id: erased };
    }),
    listTasks: handlers.unary((request) => listTasks(book.get(request.id), store, request)),
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
  options: CampaignServiceOptions,
): Pick<CampaignServiceServer, 'watchCampaign' | 'streamReport' | 'exportResults' | 'downloadArtefact'> {
  const { coordinator, handlers, clock, exportDirectory } = options;
  const { artefacts, book, store } = coordinator;
  return {
    watchCampaign: handlers.serverStream<WatchCampaignRequest, WatchCampaignResponse>(
      ({ id, resumeToken }, { signal }) => watch(book.get(id), resumeToken, clock, signal),
    ),
    streamReport: handlers.serverStream<StreamReportRequest, StreamReportResponse>(async function* (
      { id },
      { signal },
    ) {
      const report = await reportOf(book.get(id), sourcesOf(options), signal);
      for (const chunk of inChunks(report)) yield { chunk };
    }),
    exportResults: handlers.serverStream<ExportResultsRequest, ExportResultsResponse>(
      async function* (request) {
        const { id } = book.get(request.id);
        for await (const chunk of exportTable(store, { ...request, id }, exportDirectory)) yield { chunk };
      },
    ),
    downloadArtefact: handlers.serverStream<DownloadArtefactRequest, DownloadArtefactResponse>(
      async function* ({ digest }: DownloadArtefactRequest, { signal }: CallContext) {
        for await (const piece of artefacts.get(digest, signal)) yield { chunk: Buffer.from(piece) };
      },
    ),
  };
}

/** The same request id always answers with the same campaign, whatever else the request says. */
async function create(
  coordinator: Coordinator,
  { clock }: CampaignServiceOptions,
  request: CreateCampaignRequest,
): Promise<Campaign> {
  const existing = coordinator.book.find(campaignIdOf(request.requestId));
  if (existing !== undefined) return existing.snapshot();
  const file = checkRequest(request, coordinator.limits);
  coordinator.janitor.touch(referencesOf(request).map(([, digest]) => digest));
  await checkArtefacts(request, coordinator.artefacts);
  const record = await coordinator.records.create(request, clock.now());
  // Another call may have stored a campaign of that id in the meantime.
  const isOwn = record.request === request;
  const run = await coordinator.launch(record, isOwn ? file : undefined);
  coordinator.journal.done(run, 'created', { labels: run.labels });
  return run.snapshot();
}

function list({ book }: Coordinator, request: ListCampaignsRequest): ListCampaignsResponse {
  const { campaigns, nextPageToken } = page([...book.all(), ...book.unreadable()], request);
  return { campaigns: campaigns.map((each) => each.snapshot()), nextPageToken };
}
