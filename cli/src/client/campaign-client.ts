import { UnpairError } from '@unpair/errors';
import type {
  Campaign,
  CreateCampaignRequest,
  ExportFormat,
  ListCampaignsResponse,
  WatchCampaignResponse,
} from '@unpair/protocol';
import { CampaignServiceService as methods } from '@unpair/protocol';
import type { InvokeOptions } from '@unpair/platform';
import { RpcClient } from '@unpair/platform';

/** A coordinator that does not answer within this time is not there. */
const PATIENCE_MS = 20_000;
/** Well below gRPC's limit of 4 MiB a message. */
const CHUNK_BYTES = 1 << 20;

/** The coordinator's CampaignService, in terms of campaigns instead of messages. */
export class CampaignClient implements Disposable {
  readonly #rpc: RpcClient;

  /** @param address `host:port` */
  constructor(address: string) {
    this.#rpc = new RpcClient(address);
  }

  [Symbol.dispose](): void {
    this.#rpc[Symbol.dispose]();
  }

  /** Resolves once the coordinator answers; waits for one that is starting. */
  async awaitReady(signal: AbortSignal): Promise<void> {
    const options = { signal, timeout: 3 * PATIENCE_MS, waitForReady: true };
    await this.#rpc.unary(
      methods.listCampaigns,
      { pageSize: 1, pageToken: '', states: [], labels: {} },
      options,
    );
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

  /** One page, newest first. */
  list(pageSize: number, pageToken: string, signal: AbortSignal): Promise<ListCampaignsResponse> {
    return this.#rpc.unary(
      methods.listCampaigns,
      { pageSize, pageToken, states: [], labels: {} },
      brief(signal),
    );
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
    const { report } = await this.#rpc.unary(methods.getReport, { id }, { signal, timeout: 6 * PATIENCE_MS });
    return report;
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

  /** Which of the artefacts the cluster does not hold yet. */
  async findMissing(digests: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const request = { digests: [...digests] };
    const missing = await this.#rpc.unary(methods.findMissingArtefacts, request, brief(signal));
    return missing.digests;
  }

  /** Stores an artefact; the cluster checks that it is what its digest says. */
  async upload(digest: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#rpc.clientStream(methods.uploadArtefact, chunks(digest, bytes), { signal });
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
