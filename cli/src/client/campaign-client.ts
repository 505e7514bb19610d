import { UnpairError } from '@unpair/errors';
import type {
  Campaign,
  CreateCampaignRequest,
  DiagnoseResponse,
  DropTasksRequest,
  ExportFormat,
  ListCampaignsRequest,
  ListCampaignsResponse,
  ListTasksRequest,
  ListTasksResponse,
  LiveWorker,
  ResumeCampaignRequest,
  UpdateCampaignRequest,
  WatchCampaignResponse,
} from '@unpair/protocol';
import { CampaignServiceService as methods } from '@unpair/protocol';
import type { ClientAccess, InvokeOptions } from '@unpair/platform';

import { LeaderClient } from './leader-client.js';
import { patiently } from './patience.js';

/** A coordinator that does not answer within this time is not there. */
const PATIENCE_MS = 20_000;
/** Well below gRPC's limit of 4 MiB a message. */
const CHUNK_BYTES = 1 << 20;

/** The coordinator's CampaignService, in terms of campaigns instead of messages. */
export class CampaignClient implements Disposable {
  readonly #rpc: LeaderClient;

  /** @param addresses `host:port`, or several separated by commas: the one that leads is asked */
  constructor(addresses: string, access: ClientAccess = {}) {
    this.#rpc = new LeaderClient(addresses, access);
  }

  [Symbol.dispose](): void {
    this.#rpc[Symbol.dispose]();
  }

  /** Resolves once the coordinator answers; waits for one that is starting, or taking in what there is. */
  async awaitReady(signal: AbortSignal): Promise<void> {
    const options = { signal, timeout: 3 * PATIENCE_MS, waitForReady: true };
    const request = { pageSize: 1, pageToken: '', states: [], labels: {} };
    const ask = (): Promise<unknown> => this.#rpc.unary(methods.listCampaigns, request, options);
    await patiently(ask, { signal, attempts: Infinity, delayMs: 250 });
  }

  async create(request: CreateCampaignRequest, signal: AbortSignal): Promise<Campaign> {
    return present(
      await this.#rpc.unary(methods.createCampaign, request, { signal, timeout: 3 * PATIENCE_MS }),
    );
  }

  async get(id: string, signal: AbortSignal): Promise<Campaign> {
    return present(await this.#rpc.unary(methods.getCampaign, { id }, brief(signal)));
  }

  async cancel(id: string, signal: AbortSignal): Promise<Campaign> {
    return present(await this.#rpc.unary(methods.cancelCampaign, { id }, brief(signal)));
  }

  async pause(id: string, signal: AbortSignal): Promise<Campaign> {
    return present(await this.#rpc.unary(methods.pauseCampaign, { id }, brief(signal)));
  }

  /** Begins another round; everything anew is another campaign. */
  async resume(request: ResumeCampaignRequest, signal: AbortSignal): Promise<Campaign> {
    return present(await this.#rpc.unary(methods.resumeCampaign, request, brief(signal)));
  }

  /** Gives up failed tasks, and says how many. */
  async drop(request: DropTasksRequest, signal: AbortSignal): Promise<number> {
    return (await this.#rpc.unary(methods.dropTasks, request, brief(signal))).dropped;
  }

  async update(request: UpdateCampaignRequest, signal: AbortSignal): Promise<Campaign> {
    return present(await this.#rpc.unary(methods.updateCampaign, request, brief(signal)));
  }

  /** Deletes a campaign with its results. @returns its whole id */
  async delete(id: string, signal: AbortSignal): Promise<string> {
    const options = { signal, timeout: 30 * PATIENCE_MS };
    return (await this.#rpc.unary(methods.deleteCampaign, { id }, options)).id;
  }

  /** One page of a campaign's tasks. */
  tasks(request: ListTasksRequest, signal: AbortSignal): Promise<ListTasksResponse> {
    return this.#rpc.unary(methods.listTasks, request, brief(signal));
  }

  /** What the coordinator finds when it looks at itself and at what it works with. */
  diagnose(signal: AbortSignal): Promise<DiagnoseResponse> {
    return this.#rpc.unary(methods.diagnose, {}, brief(signal));
  }

  /** One page, newest first. */
  list(request: ListCampaignsRequest, signal: AbortSignal): Promise<ListCampaignsResponse> {
    return this.#rpc.unary(methods.listCampaigns, request, brief(signal));
  }

  /** The workers that there are now. */
  async workers(signal: AbortSignal): Promise<readonly LiveWorker[]> {
    return (await this.#rpc.unary(methods.listWorkers, {}, brief(signal))).workers;
  }

  /** States of a campaign from `resumeToken` on, until it ends. */
  watch(
    id: string,
    resumeToken: string,
    signal: AbortSignal,
  ): AsyncGenerator<WatchCampaignResponse, void, undefined> {
    return this.#rpc.serverStream(methods.watchCampaign, { id, resumeToken }, { signal });
  }

  /** The report as JSON text. */
  async report(id: string, signal: AbortSignal): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const { chunk } of this.#rpc.serverStream(methods.streamReport, { id }, { signal }))
      chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  /** Rows of one table as the bytes of a file, in pieces. */
  async *export(
    id: string,
    format: ExportFormat,
    table: string,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const request = { id, format, table };
    for await (const { chunk } of this.#rpc.serverStream(methods.exportResults, request, { signal }))
      yield chunk;
  }

  /** An artefact's bytes, in pieces. */
  async *download(digest: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for await (const { chunk } of this.#rpc.serverStream(methods.downloadArtefact, { digest }, { signal }))
      yield chunk;
  }

  /** Which of the artefacts the cluster does not hold yet. */
  async findMissing(digests: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const request = { digests: [...digests] };
    const missing = await this.#rpc.unary(methods.findMissingArtefacts, request, brief(signal));
    return missing.digests;
  }

  /** Stores an artefact; the cluster checks that it is what its digest says. */
  async upload(digest: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#rpc.clientStream(methods.uploadArtefact, () => chunks(digest, bytes), { signal });
  }
}

function* chunks(
  digest: string,
  bytes: Uint8Array,
): Generator<{ readonly digest: string; readonly chunk: Buffer }> {
  for (let start = 0; start === 0 || start < bytes.length; start += CHUNK_BYTES) {
    yield {
      digest: start === 0 ? digest : '',
      chunk: Buffer.from(bytes.subarray(start, start + CHUNK_BYTES)),
    };
  }
}

function brief(signal: AbortSignal): InvokeOptions {
  return { signal, timeout: PATIENCE_MS };
}

function present({ campaign }: { readonly campaign: Campaign | undefined }): Campaign {
  if (campaign) return campaign;
  throw new UnpairError('INTERNAL', 'the coordinator answered without a campaign');
}
