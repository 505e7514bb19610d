import { UnpairError } from '@unpair/errors';
import type { Graph, Runtime } from '@unpair/graph';
import { GraphBuilder, float32, int } from '@unpair/graph';
import type { RunSizes, TunedSizes } from '@unpair/classifiers';
import { RowLimit, TunedRunSize, createDifferentiableClassifier, evenRun } from '@unpair/classifiers';
import { createOnnxRuntime } from '@unpair/runtime';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { watchedRuntime } from '../support/watched-runtime.js';

/** [N,2,3,3] → Flatten → MatMul → 3 classes. */
function linearModel(): Graph {
  const builder = new GraphBuilder('linear');
  const input = builder.input('x', 'float32', ['N', 2, 3, 3]);
  const weights = Float32Array.from({ length: 54 }, (_, index) => Math.sin(index));
  const head = builder.initializer('head', float32([18, 3], weights));
  const flat = builder.node('Flatten', [input], { axis: int(1) });
  const logits = builder.rename(builder.node('MatMul', [flat, head]), 'logits');
  builder.output(logits, 'float32', ['N', 3]);
  return builder.build();
}

/** The real runtime on a device whose memory holds runs of `most` rows, and the rows of every run that was tried. */
function smallDevice(most: number): { readonly runtime: Runtime; readonly tried: number[] } {
  const { runtime, rows } = watchedRuntime((count, run) => {
    if (count > most)
      throw new UnpairError('RESOURCE_EXHAUSTED', 'Failed to allocate memory for requested buffer');
    return run();
  });
  return { runtime, tried: rows };
}

const images = Float32Array.from({ length: 25 * 18 }, (_, index) => (index % 97) / 97);
const labels = Int32Array.from({ length: 25 }, (_, index) => index % 3);

async function answers(runtime: Runtime, runSizes?: RunSizes) {
  const graph = linearModel();
  const classifier = await createDifferentiableClassifier({ graph, runtime, ...(runSizes && { runSizes }) });
  try {
    return [
      await classifier.logits(images, 25),
      await classifier.gradients(images, { kind: 'cross-entropy', labels }, 25),
    ] as const;
  } finally {
    await classifier.close();
  }
}

describe('runs that do not fit in memory', () => {
  test('are halved until they fit, with the same results bit for bit', async () => {
    const { runtime, tried } = smallDevice(5);
    expect(await answers(runtime)).toEqual(await answers(createOnnxRuntime()));
    // Eight made-up rows, each by itself and together, say whether rows depend on their company.
    expect(tried.splice(0, 8)).toEqual(Array.from({ length: 8 }, () => 1));
    expect(tried.splice(0, 3)).toEqual([8, 4, 4]);
    // At most 12 of the 25 make three runs of 9; at most 4 of them, seven of 4 and less; each graph learns it once.
    expect(tried.slice(0, 9)).toEqual([25, 9, 4, 4, 4, 4, 3, 3, 3]);
    expect(tried.slice(9).filter((rows) => rows > 5)).toEqual([8, 25, 9]);
  });

  test('end in the error when not even one row fits', async () => {
    const { runtime, tried } = smallDevice(0);
    await expect(answers(runtime)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect(tried).toEqual([1, 25, 9, 4, 2, 1]);
  });

  test('leave other errors alone', async () => {
    const { runtime } = smallDevice(30);
    const refusing: Runtime = {
      ...runtime,
      load: async (graph) => {
        const executable = await runtime.load(graph);
        return { ...executable, run: () => Promise.reject(new TypeError('no')) };
      },
    };
    await expect(answers(refusing)).rejects.toThrow(TypeError);
  });
});

test('any number of rows is run in even parts below the limit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 100 }), (count, limit) => {
      const runs: number[] = [];
      const size = new RowLimit(limit);
      for (let left = count; left > 0; left -= runs.at(-1) ?? left) runs.push(size.next(left));
      expect(runs).toHaveLength(Math.ceil(count / limit));
      expect(Math.max(...runs) - Math.min(...runs)).toBeLessThanOrEqual(1);
    }),
  );
  expect(evenRun(25, 16)).toBe(13);
});

/** Lets `size` choose runs for `total` rows, offered `waiting` at a time, on a device that takes `cost` a row. */
function drive(size: TunedRunSize, waiting: number, total: number, cost: (rows: number) => number): number[] {
  const runs: number[] = [];
  for (let done = 0; done < total; done += waiting) {
    for (let left = waiting; left > 0; left -= runs.at(-1) ?? left) {
      const rows = size.next(left);
      runs.push(rows);
      size.took(rows, rows * cost(rows));
    }
  }
  return runs;
}

describe('a tuned run size', () => {
  const cost = (rows: number): number => 1 + Math.abs(Math.log2(rows / 16));

  test('times 4, 8, … in turn, three times each, on the work there is, and keeps the fastest', () => {
    const learnt: TunedSizes[] = [];
    const size = new TunedRunSize({ limit: 64, onLearnt: (sizes) => learnt.push(sizes) });
    const runs = drive(size, 64, 2_000, cost);
    expect(runs.slice(0, 5)).toEqual([4, 8, 16, 32, 4]);
    for (const rows of [32, 64]) expect(runs.filter((one) => one === rows)).toHaveLength(3);
    expect(runs.slice(-4)).toEqual([16, 16, 16, 16]);
    expect(learnt.at(-1)).toEqual({ millisecondsPerRow: { 4: 3, 8: 2, 16: 1, 32: 2, 64: 3 }, fitting: null });
  });

  test('starts with what an earlier process learnt', () => {
    const known = { millisecondsPerRow: { 4: 3, 8: 2, 16: 1, 32: 2, 64: 3 }, fitting: null };
    expect(drive(new TunedRunSize({ limit: 64, known }), 64, 64, cost)).toEqual([16, 16, 16, 16]);
    expect(drive(new TunedRunSize({ limit: 64, known }), 25, 25, cost)).toEqual([13, 12]);
    const full = { ...known, fitting: 8 };
    expect(drive(new TunedRunSize({ limit: 64, known: full }), 16, 16, cost)).toEqual([8, 8]);
  });

  test('is not misled by runs that something else slowed down', () => {
    let run = 0;
    const disturbed = (rows: number): number => cost(rows) * (run++ % 3 === 1 ? 5 : 1);
    const size = new TunedRunSize({ limit: 64 });
    drive(size, 64, 1_000, disturbed);
    expect(size.next(64)).toBe(16);
  });

  test('stays below what did not fit, and below the limit', () => {
    const size = new TunedRunSize({ limit: 64 });
    size.outOfMemory(16);
    expect(Math.max(...drive(size, 64, 1_000, (rows) => 1 / rows))).toBe(8);
    expect(new TunedRunSize({ limit: 1 }).next(64)).toBe(1);
  });
});
