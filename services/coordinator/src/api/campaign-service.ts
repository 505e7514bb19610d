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
  WatchCampaignRequest,
  WatchCampaignResponse,
} from '@unpair/protocol';
import { campaignIdOf } from '../campaigns/records.js';
import type { Coordinator } from '../coordinator.js';
import { findMissing, upload } from './artefacts.js';
import { checkArtefacts, checkRequest } from './create-campaign.js';
import { exportTable } from './export.js';
import { page } from './pagination.js';
import { reportOf } from './report.js';
import { watch } from './watch.js';

export interface CampaignServiceOptions {
  readonly coordinator: Coordinator;
  readonly handlers: Handlers;
  readonly clock: Clock;
  /** Where exports are written before they are sent. */
  readonly exportDirectory: string;
  /** Versions that reports state. */
  readonly versions: Readonly<Record<string, string>>;
}

/** `unpair.v1.CampaignService` over a coordinator. */
export function campaignService(options: CampaignServiceOptions): CampaignServiceServer {
  const { coordinator, handlers } = options;
  const { artefacts, book } = coordinator;
  return {
    createCampaign: handlers.unary(async (request) => ({
      campaign: await create(coordinator, options, request),
    })),
    getCampaign: handlers.unary(({ id }) => settled(() => ({ campaign: book.get(id).snapshot() }))),
    listCampaigns: handlers.unary((request) => settled(() => list(coordinator, request))),
    cancelCampaign: handlers.unary(async ({ id }) => ({
      campaign: (await coordinator.cancel(id)).snapshot(),
    })),
    getReport: handlers.unary(async ({ id }, { signal }) => {
      const sources = { store: coordinator.store, artefacts, versions: options.versions };
      return { report: JSON.stringify(await reportOf(book.get(id), sources, signal)) };
    }),
    findMissingArtefacts: handlers.unary(async ({ digests }) => ({
      digests: await findMissing(artefacts, digests),
    })),
    uploadArtefact: handlers.clientStream((requests, { signal }) => upload(artefacts, requests, signal)),
    ...streams(options),
  };
}

function streams(
  options: CampaignServiceOptions,
): Pick<CampaignServiceServer, 'watchCampaign' | 'exportResults' | 'downloadArtefact'> {
  const { coordinator, handlers, clock, exportDirectory } = options;
  const { artefacts, book, store } = coordinator;
  return {
    watchCampaign: handlers.serverStream<WatchCampaignRequest, WatchCampaignResponse>(
      ({ id, resumeToken }, { signal }) => watch(book.get(id), resumeToken, clock, signal),
    ),
    exportResults: handlers.serverStream<ExportResultsRequest, ExportResultsResponse>(
      async function* (request) {
        book.get(request.id);
        for await (const chunk of exportTable(store, request, exportDirectory)) yield { chunk };
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
  const file = checkRequest(request);
  await checkArtefacts(request, coordinator.artefacts);
  const record = await coordinator.records.create(request, clock.now());
  // Another call may have stored a campaign of that id in the meantime.
  const isOwn = record.request === request;
  return (await coordinator.launch(record, isOwn ? file : undefined)).snapshot();
}

function list({ book }: Coordinator, request: ListCampaignsRequest): ListCampaignsResponse {
  const { runs, nextPageToken } = page(book.all(), request);
  return { campaigns: runs.map((run) => run.snapshot()), nextPageToken };
}

/** A synchronous answer as a promise, so that what it throws rejects. */
async function settled<T>(answer: () => T): Promise<T> {
  return Promise.resolve().then(answer);
}
