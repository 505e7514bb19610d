import { encodeModel, float32, GraphBuilder, int, int64, type Graph } from '@unpair/graph';
import { expect, test } from 'vitest';
import { TestCluster } from './kit/cluster.js';
import { accuracyTask } from './kit/tasks.js';
import { startTestWorker } from './kit/test-worker.js';
import { artefact, fixture } from './kit/tiny-model.js';

type Ballast = (builder: GraphBuilder) => string;

/** A classifier of [N,1,6,6] in a few kilobytes, that adds a sum of something much larger to its logits. */
function bomb(ballast: Ballast): Graph {
  const builder = new GraphBuilder('bomb');
  const x = builder.input('x', 'float32', ['N', 1, 6, 6]);
  const head = builder.initializer('head', float32([36, 3], new Float32Array(108).fill(0.1)));
  const logits = builder.node('MatMul', [builder.node('Flatten', [x], { axis: int(1) }), head]);
  const sum = builder.node('ReduceSum', [ballast(builder)], { keepdims: int(0) });
  builder.output(builder.rename(builder.node('Add', [logits, sum]), 'logits'), 'float32', ['N', 3]);
  return builder.build();
}

const doubling: Ballast = (builder) => {
  let whole = builder.initializer('one', float32([1024], new Float32Array(1024)));
  for (let step = 0; step < 22; step++) whole = builder.node('Concat', [whole, whole], { axis: int(0) });
  return whole;
};

const range: Ballast = (builder) => {
  const scalar = (name: string, value: bigint): string => builder.initializer(name, int64([], [value]));
  const numbers = builder.node('Range', [scalar('from', 0n), scalar('to', 1_000_000_000n), scalar('by', 1n)]);
  return builder.node('Cast', [numbers], { to: int(1) });
};

const chain: Ballast = (builder) => {
  let last = builder.initializer('one', float32([1], new Float32Array(1)));
  for (let step = 0; step < 100_000; step++) last = builder.node('Relu', [last]);
  return last;
};

test('models that unfold into more than there is fail for good, in one sentence, and the worker goes on', async () => {
  await using cluster = await TestCluster.start();
  const made = await fixture(8);
  const bombs = [doubling, range, chain].map((ballast) => artefact(encodeModel(bomb(ballast))));
  await cluster.store(made.target, made.samples, ...bombs);
  const environment = { UNPAIR_MEMORY_LIMIT: '1000', UNPAIR_LOAD_SECONDS: '10' };
  await using worker = await startTestWorker(cluster, { environment });
  // Models of others are held already.
  const first = accuracyTask(8, made);
  await cluster.submit(first);
  await cluster.result(first);
  const tasks = bombs.map((target, index) => accuracyTask(index, { ...made, target }));
  await cluster.submit(...tasks);
  const outcomes = await Promise.all(tasks.map((task) => cluster.result(task)));
  const memory = 'It takes more memory than the 1000 MiB of UNPAIR_MEMORY_LIMIT.';
  const time = /^Model [0-9a-f]{12}… took longer than 10 s to load, the limit of UNPAIR_LOAD_SECONDS\.$/;
  // Which of its limits a graph meets first depends on the machine.
  const sentence = expect.stringMatching(new RegExp(`^${memory}$|${time.source}`)) as string;
  const failure = { code: 'FAILED_PRECONDITION', message: sentence, training: undefined };
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(
    bombs.map(() => ({ $case: 'failure', value: failure })),
  );
  const last = accuracyTask(9, made);
  await cluster.submit(last);
  expect((await cluster.result(last)).outcome?.$case).toBe('accuracy');
  expect(await worker.metric('unpair_worker_compute_restarts_total')).toBeGreaterThan(0);
});
