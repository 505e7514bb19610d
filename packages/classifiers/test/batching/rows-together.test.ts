import type { Dim, Graph } from '@unpair/graph';
import { GraphBuilder, float32, int, ints } from '@unpair/graph';
import type { RunSize } from '@unpair/classifiers';
import { createDifferentiableClassifier, createFeatureExtractor } from '@unpair/classifiers';
import { describe, expect, it } from 'vitest';

import { watchedRuntime } from '../support/watched-runtime.js';

const PIXELS = 18;
const COUNT = 5;

/** What stands between the pixels [N, 18] and the linear layer. */
type Middle = (b: GraphBuilder, pixels: string) => string;

/** Operators that make of a row something that depends on the others, and what is said of them. */
const MIXING: readonly { readonly what: string; readonly middle: Middle; readonly remark: RegExp }[] = [
  {
    what: 'the range of the batch',
    middle: (b, x) => b.node('DequantizeLinear', b.nodeWithOutputs('DynamicQuantizeLinear', [x], 3)),
    remark: /\(DynamicQuantizeLinear\) computes over the images of a batch together$/,
  },
  {
    what: 'the mean of the batch',
    middle: (b, x) => b.node('Sub', [x, b.node('ReduceMean', [x], { axes: ints([0]) })]),
    remark: /\(ReduceMean\)/,
  },
  {
    what: 'shares of the batch',
    middle: (b, x) => b.node('Softmax', [x], { axis: int(0) }),
    remark: /\(Softmax\)/,
  },
  {
    what: 'sums over the batch',
    middle: (b, x) => b.node('CumSum', [x, b.vector([0])]),
    remark: /\(CumSum\)/,
  },
  {
    what: 'a product with the batch',
    middle: (b, x) => b.node('MatMul', [b.node('MatMul', [x, b.node('Transpose', [x])]), x]),
    remark: /since what it gives for an image depends on the others of its batch$/,
  },
  {
    what: 'a batch of one, written into a Reshape',
    middle: (b, x) => b.node('Reshape', [x, b.vector([1, PIXELS])]),
    remark: /since it fails with more than one image$/,
  },
];

const rowWise: Middle = (b, x) => b.node('Relu', [b.node('Sub', [x, b.scalar(0.3)])]);

/** Images [N, 2, 3, 3] in 3 classes. */
function model(middle: Middle, batch: Dim = 'N'): Graph {
  const b = new GraphBuilder('model');
  const flat = b.node('Flatten', [b.input('x', 'float32', [batch, 2, 3, 3])], { axis: int(1) });
  const weights = Float32Array.from({ length: 3 * PIXELS }, (_, i) => Math.sin(i));
  const hidden = middle(b, flat);
  const logits = b.node('MatMul', [hidden, b.initializer('head', float32([PIXELS, 3], weights))]);
  b.output(b.rename(logits, 'logits'), 'float32', [batch, 3]);
  return b.build();
}

interface Watched {
  readonly device?: string;
  /** What is added to the results of runs of several rows. */
  readonly error?: number;
}

/** The real runtime, and the rows of every run. */
function inexactRuntime({ device = 'cpu', error = 0 }: Watched) {
  const { runtime, rows } = watchedRuntime(async (count, run) => {
    const results = await run();
    if (count > 1) for (const { data } of Object.values(results)) data[0] = Number(data[0]) + error;
    return results;
  });
  return { runtime: { ...runtime, device }, rows };
}

const images = Float32Array.from(
  { length: COUNT * PIXELS },
  (_, i) => Math.abs(Math.sin(i * i)) / (1 + (i % 4)),
);
const labels = Int32Array.from({ length: COUNT }, (_, i) => i % 3);

interface Asked extends Watched {
  /** Images in one call. */
  readonly each: number;
  readonly size?: RunSize;
}

/** Logits, gradients and features of all images, what is remarked, and how many rows ran at a time. */
async function answers(graph: Graph, { each, size, ...watched }: Asked) {
  const { runtime, rows } = inexactRuntime(watched);
  const runSizes = size && { logits: size, gradient: size };
  const classifier = await createDifferentiableClassifier({ graph, runtime, ...(runSizes && { runSizes }) });
  const extractor = await createFeatureExtractor({ graph, runtime });
  const tried = rows.length;
  const results: Record<'logits' | 'gradients' | 'features', number[]> = {
    logits: [],
    gradients: [],
    features: [],
  };
  for (let first = 0; first < COUNT; first += each) {
    const some = images.slice(first * PIXELS, (first + each) * PIXELS);
    const objective = { kind: 'cross-entropy', labels: labels.slice(first, first + each) } as const;
    const { gradients } = await classifier.gradients(some, objective, each);
    results.logits.push(...(await classifier.logits(some, each)));
    // The sign of a zero is nobody's affair.
    results.gradients.push(...gradients.map((value) => value + 0));
    results.features.push(...((await extractor?.features(some, each)) ?? []));
  }
  await Promise.all([classifier.close(), extractor?.close()]);
  return { results, remarks: classifier.remarks, rows: rows.slice(tried) };
}

describe('models whose answer for one image depends on the others of a batch', () => {
  it.each(MIXING)('run one image at a time: $what', async ({ middle, remark }) => {
    const size: RunSize = {
      next: () => expect.fail('nobody asks how many rows run fastest'),
      outOfMemory: () => expect.fail('one row fits'),
    };
    const together = await answers(model(middle), { each: COUNT, size });
    const alone = await answers(model(middle), { each: 1 });
    expect(together.results).toEqual(alone.results);
    expect(new Set(together.rows)).toEqual(new Set([1]));
    expect(together.remarks).toEqual([expect.stringMatching(remark)]);
    expect(together.results.gradients).toHaveLength(images.length);
    expect(together.results.features).toHaveLength(images.length);
  });

  it('give in a batch of four, which the file prescribes, what they give by themselves', async () => {
    const [{ middle }] = MIXING as [(typeof MIXING)[number]];
    const four = await answers(model(middle, 4), { each: COUNT });
    const open = await answers(model(middle), { each: 1 });
    expect(four.results).toEqual(open.results);
    expect(new Set(four.rows)).toEqual(new Set([4]));
    expect(four.remarks).toHaveLength(1);
  });
});

describe('models whose answer for one image is its own', () => {
  it.each(['N', 4])('run together, in a batch of %s', async (batch) => {
    const { results, remarks, rows } = await answers(model(rowWise, batch), { each: COUNT });
    expect(remarks).toEqual([]);
    expect(rows.filter((count) => count === (batch === 'N' ? COUNT : batch)).length).toBeGreaterThanOrEqual(
      3,
    );
    expect(results).toEqual((await answers(model(rowWise, batch), { each: 1 })).results);
  });

  it('run one at a time where the last bits depend on the run, but together on a GPU, which rounds as it likes', async () => {
    const onCpu = await answers(model(rowWise), { each: COUNT, error: 1e-6 });
    expect(onCpu.results).toEqual((await answers(model(rowWise), { each: 1 })).results);
    expect(onCpu.remarks).toEqual([
      'its images run one at a time, since the last bits of what it gives for an image depend on the others of its batch',
    ]);
    const onGpu = await answers(model(rowWise), { each: COUNT, error: 1e-6, device: 'cuda:0' });
    expect(onGpu.remarks).toEqual([]);
  });
});
