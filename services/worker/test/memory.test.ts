import { encodeModel, float32, GraphBuilder, int64, ints, type Graph } from '@unpair/graph';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { TestCluster } from './kit/cluster.js';
import { accuracyTask } from './kit/tasks.js';
import { startTestWorker } from './kit/test-worker.js';
import { artefact, fixture } from './kit/tiny-model.js';

/** A classifier of [N,1,6,6] that computes next to nothing, to the same bits in any batch, in 64 MB a sample: much more than a process's heap grows by. */
function roomyModel(): Graph {
  const builder = new GraphBuilder('roomy');
  const x = builder.input('x', 'float32', ['N', 1, 6, 6]);
  const shape = builder.initializer('shape', int64([3], [-1, 1, 36]));
  const row = builder.node('Reshape', [x, shape]);
  const ones = builder.initializer('ones', float32([1, 448_000, 1], new Float32Array(448_000).fill(1)));
  const wide = builder.node('Mul', [row, ones]);
  const pooled = builder.node('ReduceMax', [wide], { axes: ints([1]), keepdims: { kind: 'int', value: 0 } });
  const head = Float32Array.from({ length: 36 * 3 }, (_, index) => Math.cos(index));
  const logits = builder.node('MatMul', [pooled, builder.initializer('head', float32([36, 3], head))]);
  builder.output(builder.rename(logits, 'logits'), 'float32', ['N', 3]);
  return builder.build();
}

/** Lets a process have so many more bytes of address space than it has now. */
async function limitMemory(pid: number, more: number): Promise<void> {
  const kilobytes = /^VmSize:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  execFileSync('prlimit', ['--pid', `${pid}`, `--as=${Number(kilobytes) * 1024 + more}:`]);
}

function isInstalled(): boolean {
  try {
    execFileSync('prlimit', ['--version']);
    return true;
  } catch {
    return false;
  }
}

const without = !isInstalled();
const suffix = without ? ' (skipped: prlimit is not installed)' : '';

test.skipIf(without)(`a batch that does not fit in memory goes on in halves${suffix}`, async () => {
  await using cluster = await TestCluster.start(20_000);
  const small = await fixture(24);
  const roomy = artefact(encodeModel(roomyModel()));
  await cluster.store(roomy, small.target, small.samples);
  await using worker = await startTestWorker(cluster, { environment: { UNPAIR_BATCH_SIZE: '64' } });
  const made = { ...small, target: roomy };
  // Everything that a task needs besides is in place once one was done.
  await cluster.submit(accuracyTask(0, made, { count: 1 }));
  await cluster.result(accuracyTask(0, made));
  // Eight rows have run together when the model was loaded, and fit.
  await limitMemory(worker.computePid() ?? 0, 300e6);
  await cluster.submit(accuracyTask(1, made));
  const limited = await cluster.result(accuracyTask(1, made));
  expect(await worker.metric('unpair_worker_out_of_memory_total{graph="logits"}')).toBeGreaterThan(0);
  expect(await worker.metric('unpair_worker_compute_restarts_total')).toBe(0);

  await limitMemory(worker.computePid() ?? 0, 8e9);
  await cluster.submit(accuracyTask(2, made));
  expect((await cluster.result(accuracyTask(2, made))).outcome).toEqual(limited.outcome);
});
