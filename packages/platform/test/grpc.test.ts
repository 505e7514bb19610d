import { Metadata, status } from '@grpc/grpc-js';
import { isCode, UnpairError } from '@unpair/errors';
import {
  CampaignServiceService,
  CampaignState,
  ErrorInfo,
  reflectionPackage,
  Status,
  type DownloadArtefactRequest,
  type DownloadArtefactResponse,
  type GetCampaignRequest,
  type GetCampaignResponse,
  type UploadArtefactRequest,
  type UploadArtefactResponse,
} from '@unpair/protocol';
import { getEventListeners, once } from 'node:events';
import { connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { Registry } from 'prom-client';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import {
  createGrpcMetrics,
  createLogger,
  fromStatus,
  GrpcServer,
  Handlers,
  retryDelayIn,
  RpcClient,
  systemClock,
  toStatus,
} from '../src/index.js';

const logger = createLogger({ service: 'test', level: 'silent' });
const clock = systemClock;

interface Served extends AsyncDisposable {
  readonly server: GrpcServer;
  readonly client: RpcClient;
  readonly registry: Registry;
  /** Chunks that the endless download has produced. */
  produced: number;
  aborted: boolean;
}

/** A service of three methods: echo or fail, an endless download, and an upload that counts. */
async function serve(): Promise<Served> {
  const registry = new Registry();
  const handlers = new Handlers({ logger, clock, metrics: createGrpcMetrics(registry) });
  const state = { produced: 0, aborted: false };
  const implementation = {
    getCampaign: handlers.unary<GetCampaignRequest, GetCampaignResponse>(({ id }) => {
      if (id === 'at once') throw new UnpairError('NOT_FOUND', 'There is none.');
      if (id === 'bug') return Promise.reject(new TypeError('x is undefined'));
      if (id === '') {
        const violations = [{ field: 'id', description: 'id must not be empty' }];
        return Promise.reject(new UnpairError('INVALID_ARGUMENT', 'The id is empty.', { violations }));
      }
      const campaign = { id, name: 'n', state: CampaignState.RUNNING, failures: [], training: [] };
      const absent = { waiting: '', progress: undefined, createTime: undefined, endTime: undefined };
      const share = { labels: {}, priority: 0, weight: 1, round: 0 };
      return Promise.resolve({ campaign: { ...campaign, ...absent, ...share } });
    }),
    downloadArtefact: handlers.serverStream<DownloadArtefactRequest, DownloadArtefactResponse>(
      async function* (_, { signal }) {
        signal.addEventListener('abort', () => (state.aborted = true));
        for (;;) {
          state.produced++;
          yield { chunk: Buffer.alloc(64 * 1024) };
          await Promise.resolve();
        }
      },
    ),
    uploadArtefact: handlers.clientStream<UploadArtefactRequest, UploadArtefactResponse>(async (requests) => {
      let bytes = 0;
      for await (const { chunk, digest } of requests) {
        if (digest === 'refused') throw new UnpairError('RESOURCE_EXHAUSTED', 'No space.');
        bytes += chunk.length;
      }
      return { digest: 'd', bytes };
    }),
  };
  const server = await GrpcServer.start({
    address: '127.0.0.1:0',
    services: [{ name: 'unpair.v1.CampaignService', definition: CampaignServiceService, implementation }],
    reflection: reflectionPackage(),
    handlers,
    clock,
    logger,
  });
  const client = new RpcClient(server.address);
  const dispose = async (): Promise<void> => {
    client[Symbol.dispose]();
    await server.drain({ notice: 0, deadline: 500 });
  };
  return Object.assign(state, { server, client, registry, [Symbol.asyncDispose]: dispose });
}

test('errors keep code, sentence and field violations over the wire', async () => {
  await using served = await serve();
  const call = served.client.unary(CampaignServiceService.getCampaign, { id: '' });
  await expect(call).rejects.toMatchObject({
    name: 'UnpairError',
    code: 'INVALID_ARGUMENT',
    message: 'The id is empty.',
    violations: [{ field: 'id', description: 'id must not be empty' }],
  });
  const bug = served.client.unary(CampaignServiceService.getCampaign, { id: 'bug' });
  await expect(bug).rejects.toMatchObject({
    code: 'INTERNAL',
    message: 'The server met an error of its own; its log says which.',
  });
  const unknown = served.client.unary(CampaignServiceService.cancelCampaign, { id: 'x' });
  await expect(unknown).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
});

test('a request that does not decode is the fault of who sent it, on any kind of call', async () => {
  await using served = await serve();
  const garbage = (): Buffer => Buffer.from([0xff, 0xff]);
  const { getCampaign, downloadArtefact, uploadArtefact } = CampaignServiceService;
  const refused = {
    code: 'INVALID_ARGUMENT',
    message: 'The request is not a message of the type that this method takes.',
  };
  const unary = { ...getCampaign, requestSerialize: garbage };
  await expect(served.client.unary(unary, { id: 'a' })).rejects.toMatchObject(refused);
  const upload = { ...uploadArtefact, requestSerialize: garbage };
  const chunks = [{ chunk: Buffer.alloc(1), digest: '' }];
  await expect(served.client.clientStream(upload, chunks)).rejects.toMatchObject(refused);
  const download = { ...downloadArtefact, requestSerialize: garbage };
  const reading = served.client.serverStream(download, { digest: 'a' })[Symbol.asyncIterator]().next();
  await expect(reading).rejects.toMatchObject(refused);
});

test('a compressed request that would grow beyond what a message may have is refused in little memory', async () => {
  await using served = await serve();
  // A gigabyte: members of a gzip file follow each other.
  const member = gzipSync(Buffer.alloc(2 ** 24));
  const archive = Buffer.concat(Array.from({ length: 64 }, () => member));
  const head = Buffer.alloc(5);
  head.writeUInt8(1);
  head.writeUInt32BE(archive.length, 1);
  const before = process.memoryUsage.rss();
  const session = connect(`http://${served.server.address}`);
  const call = session.request({
    ':method': 'POST',
    ':path': CampaignServiceService.getCampaign.path,
    'content-type': 'application/grpc',
    'grpc-encoding': 'gzip',
    te: 'trailers',
  });
  call.end(Buffer.concat([head, archive]));
  const [answer] = (await once(call, 'response')) as [Record<string, string>];
  session.destroy();
  expect(answer['grpc-status']).toBe(String(status.RESOURCE_EXHAUSTED));
  expect(decodeURIComponent(answer['grpc-message'] ?? '')).toMatch(
    /^Received message that decompresses to a size larger than \d+$/,
  );
  expect(process.memoryUsage.rss() - before).toBeLessThan(100e6);
});

test('a handler that throws before it has a promise fails its call, and not the process', async () => {
  await using served = await serve();
  const call = served.client.unary(CampaignServiceService.getCampaign, { id: 'at once' });
  await expect(call).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'There is none.' });
});

test('calls are counted by method and code', async () => {
  await using served = await serve();
  await served.client.unary(CampaignServiceService.getCampaign, { id: 'a' });
  await served.client.unary(CampaignServiceService.getCampaign, { id: '' }).catch(() => undefined);
  const text = await served.registry.metrics();
  const path = '/unpair.v1.CampaignService/GetCampaign';
  expect(text).toContain(`unpair_grpc_requests_total{method="${path}",code="OK"} 1`);
  expect(text).toContain(`unpair_grpc_requests_total{method="${path}",code="INVALID_ARGUMENT"} 1`);
});

test('a slow reader holds the producer back, and leaving the loop stops it', async () => {
  await using served = await serve();
  const download = served.client.serverStream(CampaignServiceService.downloadArtefact, { digest: 'd' });
  await download.next();
  await eventually(async () => {
    const before = served.produced;
    await sleep(200);
    expect(served.produced).toBe(before);
  });
  expect(served.produced).toBeLessThan(200);
  await download.return();
  await eventually(() => {
    expect(served.aborted).toBe(true);
  });
});

test('uploads stream; a server that refuses early is heard before the client has sent all', async () => {
  await using served = await serve();
  const { client } = served;
  const requests = Array.from({ length: 40 }, () => ({ digest: '', chunk: Buffer.alloc(100_000) }));
  const upload = await client.clientStream(CampaignServiceService.uploadArtefact, requests);
  expect(upload.bytes).toBe(4_000_000);
  const endless = (function* (): Generator<UploadArtefactRequest> {
    for (;;) yield { digest: 'refused', chunk: Buffer.alloc(100_000) };
  })();
  await expect(client.clientStream(CampaignServiceService.uploadArtefact, endless)).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    retryable: true,
  });
});

test('a drain ends open streams with UNAVAILABLE and returns', async () => {
  await using served = await serve();
  const download = served.client.serverStream(CampaignServiceService.downloadArtefact, { digest: 'd' });
  await download.next();
  const rest = (async () => {
    for await (const { chunk } of download) expect(chunk.length).toBe(64 * 1024);
  })();
  rest.catch(() => undefined);
  await served.server.drain({ notice: 0, deadline: 5_000 });
  await expect(rest).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
});

test('an abort cancels the call; a taken port is one sentence', async () => {
  await using served = await serve();
  const signal = AbortSignal.abort();
  const call = served.client.unary(CampaignServiceService.getCampaign, { id: 'a' }, { signal });
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  const { address } = served.server;
  const handlers = new Handlers({ logger, clock });
  const reflection = reflectionPackage();
  const second = GrpcServer.start({ address, services: [], reflection, handlers, clock, logger });
  await expect(second).rejects.toThrow(`Cannot listen on ${address} for gRPC: the port is in use.`);
});

test('a signal that outlives its calls holds on to none of them', async () => {
  await using served = await serve();
  const { client } = served;
  const { signal } = new AbortController();
  await client.unary(CampaignServiceService.getCampaign, { id: 'a' }, { signal });
  await client.unary(CampaignServiceService.getCampaign, { id: '' }, { signal }).catch(() => undefined);
  await client.clientStream(CampaignServiceService.uploadArtefact, [], { signal });
  const download = client.serverStream(CampaignServiceService.downloadArtefact, { digest: 'd' }, { signal });
  await download.next();
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await download.return();
  await eventually(() => {
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

test('a status without details is an error without violations', () => {
  const sent = toStatus(new UnpairError('NOT_FOUND', 'No campaign.'));
  expect(fromStatus(sent)).toMatchObject({ code: 'NOT_FOUND', violations: [] });
  expect(fromStatus({ code: status.NOT_FOUND, details: 'x', metadata: new Metadata() }).code).toBe(
    'NOT_FOUND',
  );
});

test('codes are those of gRPC without OK, with its numbers', () => {
  const names = Object.keys(status).filter((name) => name !== 'OK' && Number.isNaN(Number(name)));
  expect(names.filter(isCode)).toEqual(names);
  const sent = names
    .filter(isCode)
    .map((code) => fromStatus({ ...toStatus(new UnpairError(code, 'x')) }).code);
  expect(sent).toEqual(names);
});

test('a refusal says its reason, and how long to wait only where the same call may succeed later', () => {
  const told = (error: UnpairError): [string | undefined, number | undefined] => {
    const sent = toStatus(error);
    const [bytes] = sent.metadata.get('grpc-status-details-bin');
    const { details } = Status.decode(bytes as Buffer);
    const info = details.find(({ typeUrl }) => typeUrl.endsWith('ErrorInfo'));
    return [info && ErrorInfo.decode(info.value).reason, retryDelayIn(fromStatus(sent))];
  };
  const tooLarge = new UnpairError('RESOURCE_EXHAUSTED', 'Too large.', { reason: 'REPORT_TOO_LARGE' });
  const full = new UnpairError('RESOURCE_EXHAUSTED', 'Full.', { reason: 'STORAGE_FULL' });
  expect(told(tooLarge)).toEqual(['REPORT_TOO_LARGE', undefined]);
  expect(told(full)).toEqual(['STORAGE_FULL', 30]);
  expect(told(new UnpairError('ABORTED', 'Again.'))).toEqual(['ABORTED', 1]);
});
