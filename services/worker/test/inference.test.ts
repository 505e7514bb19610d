import { float32 } from '@unpair/graph';
import { RpcClient } from '@unpair/platform';
import { GRPCInferenceServiceService, WorkerServiceService, type ModelInferRequest } from '@unpair/protocol';
import { createRuntime } from '@unpair/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { TestCluster } from './kit/cluster.js';
import { startTestWorker, type TestWorker } from './kit/test-worker.js';
import { fixture, type Fixture } from './kit/tiny-model.js';

const { modelInfer, modelMetadata, modelReady, serverLive, serverReady } = GRPCInferenceServiceService;

let cluster: TestCluster;
let made: Fixture;
let worker: TestWorker;
let client: RpcClient;
let expected: Float32Array;
let images: Float32Array;

beforeAll(async () => {
  cluster = await TestCluster.start();
  made = await fixture(4);
  await cluster.store(made.target);
  worker = await startTestWorker(cluster);
  client = new RpcClient(worker.grpcAddress);
  images = made.set.images as Float32Array;
  const executable = await (await createRuntime()).load(made.graph);
  expected = (await executable.run({ x: float32([4, 1, 6, 6], images) }))['logits']?.data as Float32Array;
  await executable.close();
});
afterAll(async () => {
  client[Symbol.dispose]();
  await worker[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

function request(change: Partial<ModelInferRequest> = {}): ModelInferRequest {
  const input = { name: 'x', datatype: 'FP32', shape: [4, 1, 6, 6], parameters: {}, contents: undefined };
  return {
    modelName: made.target.digest,
    modelVersion: '',
    id: 'request 1',
    parameters: {},
    inputs: [input],
    outputs: [],
    rawInputContents: [Buffer.from(images.buffer)],
    ...change,
  };
}

const noContents = {
  boolContents: [],
  intContents: [],
  int64Contents: [],
  uintContents: [],
  uint64Contents: [],
  fp32Contents: [],
  fp64Contents: [],
  bytesContents: [],
};

test('a raw inference equals a direct run, bit for bit', async () => {
  const response = await client.unary(modelInfer, request());
  expect(response.id).toBe('request 1');
  expect(response.outputs).toMatchObject([{ name: 'logits', datatype: 'FP32', shape: [4, 3] }]);
  const bytes = new Uint8Array(response.rawOutputContents[0] ?? []);
  expect(new Float32Array(bytes.buffer)).toEqual(expected);
});

test('so does one with typed contents, and it is answered in kind', async () => {
  const contents = { ...noContents, fp32Contents: [...images] };
  const inputs = request().inputs.map((input) => ({ ...input, contents }));
  const response = await client.unary(modelInfer, request({ inputs, rawInputContents: [] }));
  expect(response.rawOutputContents).toEqual([]);
  expect(response.outputs[0]?.contents?.fp32Contents).toEqual([...expected]);
});

test('a model tells its inputs and outputs, and whether it can be asked', async () => {
  const name = made.target.digest;
  expect(await client.unary(modelMetadata, { name, version: '' })).toMatchObject({
    name,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1, 6, 6] }],
    outputs: [{ name: 'logits', datatype: 'FP32', shape: [-1, 3] }],
  });
  expect(await client.unary(modelReady, { name, version: '' })).toEqual({ ready: true });
  expect(await client.unary(modelReady, { name: 'ab'.repeat(32), version: '' })).toEqual({ ready: false });
  expect(await client.unary(modelReady, { name: 'resnet', version: '' })).toEqual({ ready: false });
});

test.each([
  [
    'another shape than its elements',
    { inputs: [{ shape: [9, 9] }] },
    'INVALID_ARGUMENT',
    /does not hold its 144/,
  ],
  [
    'a datatype that does not exist',
    { inputs: [{ datatype: 'FP1' }] },
    'INVALID_ARGUMENT',
    /datatype "FP1" is none/,
  ],
  ['an input that the model lacks', { inputs: [{ name: 'y' }] }, 'FAILED_PRECONDITION', /"[xy]"/],
  ['a model by name', { modelName: 'resnet' }, 'NOT_FOUND', /models go by the SHA-256/],
  [
    'an output that the model lacks',
    { outputs: [{ name: 'p', parameters: {} }] },
    'INVALID_ARGUMENT',
    /no output "p"/,
  ],
])(
  '%s is refused in one sentence',
  async (_case, { inputs, ...change }: Record<string, unknown>, code, message) => {
    const [input] = request().inputs;
    const changed = (inputs as object[] | undefined)?.map((one) => ({ ...input, ...one }));
    const asked = { ...request(), ...change, ...(changed && { inputs: changed }) } as ModelInferRequest;
    const refusal = client.unary(modelInfer, asked);
    await expect(refusal).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  },
);

test('the worker describes itself, then drains when asked', async () => {
  expect(await client.unary(serverLive, {})).toEqual({ live: true });
  expect(await client.unary(serverReady, {})).toEqual({ ready: true });
  expect(await client.unary(WorkerServiceService.describe, {})).toMatchObject({
    worker: 'worker-1',
    state: 'WORKER_STATE_IDLE',
    task: '',
    models: [made.target.digest],
  });
  await client.unary(WorkerServiceService.drain, {});
  expect(worker.describe().state).toBe('WORKER_STATE_DRAINING');
  await eventually(() => {
    expect(worker.computePid()).toBeUndefined();
  });
});
