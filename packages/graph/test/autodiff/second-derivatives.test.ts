import type { Graph, Tensor } from '@unpair/graph';
import {
  LOSS,
  OBJECTIVE,
  TARGET_GRADIENT,
  float32,
  gradient,
  gradientName,
  termOutput,
  termWeights,
  toTrainingGraph,
  withLoss,
  withTerms,
} from '@unpair/graph';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
import type { Layer } from './support/layers.js';
import { Numbers, layeredGraph } from './support/layers.js';

/** A penalty of each sample, and its derivative with respect to each weight. */
interface Expected {
  readonly values: readonly number[];
  readonly derivatives: readonly {
    readonly norm: number;
    /** Every `step`-th element is listed. */
    readonly step: number;
    readonly elements: readonly number[];
  }[];
}

/** A case of golden/make_second_derivatives.py. */
interface Golden {
  readonly layers: readonly Layer[];
  readonly 'squared-cosine': Expected;
  readonly 'gradient-norm': Expected;
}

const PENALTIES = ['squared-cosine', 'gradient-norm'] as const;
const SAMPLES = 4;
/** Of float32 sums against float64 ones. */
const TOLERANCE = 2e-4;

const golden = JSON.parse(
  readFileSync(new URL('../golden/second-derivatives.golden.json', import.meta.url), 'utf8'),
) as { readonly cases: Readonly<Record<string, Golden>> };

describe('second derivatives agree with those of PyTorch', () => {
  it.each(Object.entries(golden.cases))('%s', async (_, expected) => {
    const numbers = new Numbers();
    const image = numbers.draw([SAMPLES, 3, 8, 8], 0, 1);
    const { graph, weights } = layeredGraph(expected.layers, numbers);
    const fixed = layeredGraph(expected.layers, numbers).graph;
    const isTraining = JSON.stringify(expected.layers).includes('"batchNormalization"');
    const feeds = { image, labels: oneHot() };
    const target = await runGraph(inputGradient(fixed, isTraining), feeds);
    const targetGradient = target[gradientName(LOSS, 'image')] ?? float32([0], []);
    for (const penalty of PENALTIES) {
      const graphs = penaltyGradient(inputGradient(graph, isTraining), penalty, weights);
      const cosine = penalty === 'squared-cosine' ? { [TARGET_GRADIENT]: targetGradient } : {};
      const weighted = { [termWeights(penalty)]: float32([SAMPLES], [1, 1, 1, 1]) };
      const results = await runGraph(graphs, { ...feeds, ...cosine, ...weighted });
      expectClose(results[termOutput(penalty)]?.data as Float32Array, expected[penalty].values);
      weights.forEach((weight, index) => {
        const derivative = results[gradientName(OBJECTIVE, weight)]?.data as Float32Array;
        const { norm = NaN, step = NaN, elements = [] } = expected[penalty].derivatives[index] ?? {};
        // Normalization makes what comes before it indifferent to its scale: some derivatives are sums that cancel.
        const scale = Math.max(norm, 1e-3 * largestNorm(expected[penalty]));
        expect(Math.abs(Math.hypot(...derivative) - norm) / scale).toBeLessThan(TOLERANCE);
        const picked = derivative.filter((__, position) => position % step === 0);
        expect(picked).toHaveLength(elements.length);
        const distance = Math.hypot(...elements.map((value, at) => value - (picked[at] ?? NaN)));
        expect(distance / scale, `${penalty}, weight ${index}`).toBeLessThan(TOLERANCE);
      });
    }
  });
});

function inputGradient(graph: Graph, isTraining: boolean): Graph {
  const { graph: evaluated } = withLoss(graph, 'cross-entropy');
  const differentiated = isTraining ? toTrainingGraph(evaluated).graph : evaluated;
  return gradient(differentiated, { of: LOSS, wrt: ['image'] });
}

function penaltyGradient(graph: Graph, name: (typeof PENALTIES)[number], weights: readonly string[]): Graph {
  const values = { logits: 'logits', loss: LOSS, gradient: gradientName(LOSS, 'image') };
  return gradient(withTerms(graph, { terms: [name], values }), { of: OBJECTIVE, wrt: weights });
}

function largestNorm({ derivatives }: Expected): number {
  return Math.max(...derivatives.map(({ norm }) => norm));
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  const distance = Math.hypot(...expected.map((value, index) => value - (actual[index] ?? NaN)));
  expect(distance / Math.hypot(...expected)).toBeLessThan(TOLERANCE);
}

/** Sample i is of class i. */
function oneHot(): Tensor {
  const rows = Array.from({ length: SAMPLES }, (_, sample) =>
    [0, 1, 2, 3, 4].map((k) => (k === sample ? 1 : 0)),
  );
  return float32([SAMPLES, 5], rows.flat());
}
