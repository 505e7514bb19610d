import { createClassifier, type Classifier } from '@unpair/classifiers';
import type { Access, AttackRow, Endpoint, Task, TaskResult } from '@unpair/protocol';
import { createRuntime } from '@unpair/runtime';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder, type TemporaryFolder } from '../../../../test/kit/index.js';
import { TestCluster } from '../kit/cluster.js';
import { accuracyTask, attackTask, imitateTask } from '../kit/tasks.js';
import { startTestWorker, type TestWorker } from '../kit/test-worker.js';
import { fixture, type Fixture } from '../kit/tiny-model.js';

const TOKEN = 'only-for-the-endpoint';
let cluster: TestCluster;
let made: Fixture;
let worker: TestWorker;
let folder: TemporaryFolder;
let served: Served;
let nextIndex = 0;

beforeAll(async () => {
  [cluster, made, folder] = await Promise.all([TestCluster.start(), fixture(), temporaryFolder()]);
  await writeFile(join(folder.path, 'token'), `${TOKEN}\n`);
  await cluster.store(made.target, made.surrogate, made.samples);
  served = await serve(made);
  const environment = { UNPAIR_ENDPOINTS: 'any', UNPAIR_ENDPOINT_TOKENS: folder.path };
  worker = await startTestWorker(cluster, { environment });
});
afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await served.close();
  await cluster[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

interface Served {
  readonly host: string;
  /** Images that were answered. */
  images: number;
  /** HTTP states of the next answers, in place of results. */
  readonly refusals: number[];
  /** What is answered in place of the model's logits. */
  spoil: (logits: (number | null)[]) => (number | null)[];
  close(): Promise<void>;
}

/** A server of the Open Inference Protocol over HTTP that is none of ours. */
async function serve({ graph }: Fixture): Promise<Served> {
  const classifier = await createClassifier({ graph, runtime: await createRuntime() });
  const server: Server = createServer((request, response) => {
    void answer(request, classifier, state).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' });
      response.end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const state: Served = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    images: 0,
    refusals: [],
    spoil: (logits) => logits,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await classifier.close();
    },
  };
  return state;
}

async function answer(
  request: IncomingMessage,
  classifier: Classifier,
  state: Served,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  if (request.headers.authorization !== `Bearer ${TOKEN}`) return { status: 401, body: { error: 'no' } };
  if (request.url === '/v2/models/tiny')
    return {
      status: 200,
      body: { name: 'tiny', inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1, 6, 6] }] },
    };
  const refusal = state.refusals.shift();
  if (refusal !== undefined) return { status: refusal, body: {} };
  const [input] = (
    JSON.parse(Buffer.concat(parts).toString()) as { inputs: { shape: number[]; data: number[] }[] }
  ).inputs;
  const count = input?.shape[0] ?? 0;
  state.images += count;
  const logits = await classifier.logits(Float32Array.from(input?.data ?? []), count);
  const data = state.spoil([...logits]);
  const outputs = [{ name: 'y', datatype: 'FP32', shape: [count, data.length / count], data }];
  return { status: 200, body: { model_name: 'tiny', outputs } };
}

function refOf(access: Access | undefined, change: Partial<Endpoint> = {}) {
  const limits = { batch: 7, inFlight: 2, perSecond: 0 };
  const url = `http://${served.host}`;
  const endpoint = { url, model: 'tiny', tokenFile: 'token', options: '{}', ...limits, ...change };
  return { id: 'full', digest: '', access, endpoint };
}

async function outcomeOf(task: Task): Promise<NonNullable<TaskResult['outcome']>> {
  await cluster.submit(task);
  const { outcome } = await cluster.result(task);
  if (outcome === undefined) throw new Error('a result without an outcome');
  return outcome;
}

async function rowsOf(task: Task): Promise<readonly AttackRow[]> {
  const outcome = await outcomeOf(task);
  if (outcome.$case !== 'attack') throw new Error(JSON.stringify(outcome));
  return outcome.value.rows;
}

const billed = (rows: readonly AttackRow[]): number => rows.reduce((sum, { queries }) => sum + queries, 0);

test.each([
  [undefined, { attack: 'p-rgf', parameters: '{"budget":300,"samples":10}' }],
  [
    { kind: 'scores', k: 0, decimals: 3 },
    { attack: 'square', surrogates: [], parameters: '{"budget":100}' },
  ],
  [
    { kind: 'labels', k: 0 },
    { attack: 'ray-s', surrogates: [], parameters: '{"budget":100}' },
  ],
])('the rows on an endpoint with %j are those on its file with the same access', async (access, attack) => {
  const file = { id: 'full', digest: made.target.digest, access };
  const expected = await rowsOf(attackTask(nextIndex++, made, { target: file, ...attack }));
  served.images = 0;
  served.refusals.push(503, 429);
  const rows = await rowsOf(attackTask(nextIndex++, made, { target: refOf(access), ...attack }));
  expect(rows).toEqual(expected);
  expect(billed(rows)).toBeGreaterThan(100);
  // What was repeated was computed once, and is billed once: query 0 and the check after rounding apart.
  const rounded = rows.filter(({ success }) => success).length;
  expect(served.images).toBe(made.set.count + billed(rows) + rounded);
});

test('a worker of ours serves such an endpoint over gRPC, with the same rows', async () => {
  const attack = { attack: 'p-rgf', parameters: '{"budget":50,"samples":10}' };
  const expected = await rowsOf(attackTask(nextIndex++, made, attack));
  const ours = { url: `grpc://${worker.grpcAddress}`, model: made.target.digest, tokenFile: undefined };
  const target = refOf(undefined, ours);
  expect(await rowsOf(attackTask(nextIndex++, made, { target, ...attack }))).toEqual(expected);
  const unknown = await outcomeOf(
    attackTask(nextIndex++, made, { target: refOf(undefined, { ...ours, model: 'resnet' }), ...attack }),
  );
  expect(unknown).toMatchObject({
    $case: 'failure',
    value: {
      message: expect.stringContaining('answers with NOT_FOUND: Model "resnet" is not known') as string,
    },
  });
});

test('its accuracy is measured, and who imitates it asks it', async () => {
  const before = await worker.metric('unpair_worker_endpoint_retries_total');
  expect(before).toBe(6);
  const task = accuracyTask(nextIndex++, made);
  if (task.work?.$case !== 'accuracy') throw new Error('no accuracy');
  const onFile = await outcomeOf(task);
  const value = { ...task.work.value, model: refOf(undefined) };
  const onEndpoint = await outcomeOf({ ...task, index: nextIndex++, work: { $case: 'accuracy', value } });
  expect(onEndpoint).toMatchObject({
    value: { rows: (onFile.value as { rows: unknown }).rows, parameters: 0 },
  });
  const imitating = imitateTask(nextIndex++, made, { epochs: 2 });
  if (imitating.work?.$case !== 'derive') throw new Error('no derivation');
  const from = { ...imitating.work.value, from: refOf(undefined) };
  const [copy, remote] = [
    await outcomeOf(imitating),
    await outcomeOf({ ...imitating, index: nextIndex++, work: { $case: 'derive', value: from } }),
  ];
  expect(remote).toEqual(copy);
});

test('what an endpoint does amiss ends its task with one sentence, which shows no token, and not the worker', async () => {
  const failure = async (change: Partial<Endpoint> = {}): Promise<string> => {
    const surrogates = { surrogates: [], attack: 'ray-s', parameters: '{"budget":20}' };
    const outcome = await outcomeOf(
      attackTask(nextIndex++, made, { target: refOf({ kind: 'labels', k: 0 }, change), ...surrogates }),
    );
    if (outcome.$case !== 'failure') throw new Error(JSON.stringify(outcome));
    expect(JSON.stringify(outcome)).not.toContain(TOKEN);
    return outcome.value.message;
  };
  const named = `The endpoint http://${served.host}, model "tiny",`;
  const says = async (spoil: Served['spoil'], problem: string): Promise<void> => {
    served.spoil = spoil;
    expect(await failure()).toBe(`${named} ${problem}.`);
  };
  await says((logits) => logits.map(() => null), 'answers with NaN');
  await says(
    (logits) => [...logits, ...logits],
    'gives 6 classes where the data set has 3: say which they are by classes: {from: …, count: …}',
  );
  served.spoil = (logits) => logits;
  served.refusals.push(400);
  expect(await failure()).toBe(`${named} answers with HTTP 400.`);
  expect(await failure({ tokenFile: undefined, model: 'tiny' })).toBe(
    `${named} refuses the token (HTTP 401).`,
  );
  expect(await rowsOf(attackTask(nextIndex++, made, { where: { count: 1 } }))).toHaveLength(1);
});
