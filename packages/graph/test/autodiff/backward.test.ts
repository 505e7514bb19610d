import type { Backward, Graph } from '@unpair/graph';
import {
  GraphBuilder,
  float32,
  gradient,
  gradientName,
  int,
  ints,
  lossAndInputGradient,
  ruleChanges,
} from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
import { smallClassifier } from '../support/sample-graphs.js';
import { uniform } from '../support/random.js';

/** The gradient of the sum of a graph's output by its input x at a point, taken in a way. */
async function backwardAt(
  graph: Graph,
  x: ReturnType<typeof float32>,
  backward?: Backward,
): Promise<number[]> {
  const of = graph.outputs[0]?.name ?? '';
  const changes = backward && ruleChanges(graph, backward);
  const results = await runGraph(gradient(graph, { of, wrt: ['x'], changes }), { x });
  return [...(results[gradientName(of, 'x')]?.data as Float32Array)];
}

/** A graph of x [1,2] → [1,2]. */
function vectors(write: (b: GraphBuilder, x: string) => string): Graph {
  const b = new GraphBuilder('vectors');
  b.output(write(b, b.input('x', 'float32', [1, 2])), 'float32', [1, 2]);
  return b.build();
}

const matrix = (b: GraphBuilder, values: readonly number[]): string =>
  b.initializer('w', float32([2, 2], values));
const at = (...values: readonly number[]): ReturnType<typeof float32> =>
  float32([1, 2], Float32Array.from(values));

describe('sgm', () => {
  // y = x + relu(x·w) with w = [[1, 2], [3, −5]]; at x = (1, 1) the second hidden value is −3 and cut.
  const graph = vectors((b, x) =>
    b.node('Add', [b.node('Relu', [b.node('MatMul', [x, matrix(b, [1, 2, 3, -5])])]), x]),
  );

  it('passes on a share of what comes through the branch, and all of the shortcut', async () => {
    expect(await backwardAt(graph, at(1, 1))).toEqual([2, 4]);
    expect(await backwardAt(graph, at(1, 1), { rule: 'sgm', decay: 0.5 })).toEqual([1.5, 2.5]);
    expect(await backwardAt(graph, at(1, 1), { rule: 'sgm', decay: 1 })).toEqual([2, 4]);
  });

  it('finds the branch on either side, past a shortcut that computes as well, and only there', () => {
    const blocks = vectors((b, x) => {
      const bias = b.node('Add', [x, b.initializer('bias', float32([2], [1, 2]))]);
      const branch = b.node('MatMul', [
        b.node('MatMul', [bias, matrix(b, [1, 0, 0, 1])]),
        matrix(b, [1, 0, 0, 1]),
      ]);
      const first = b.node('Add', [b.node('MatMul', [bias, matrix(b, [1, 0, 0, 1])]), branch], {}, 'first');
      const even = b.node('Add', [b.node('Relu', [first]), b.node('Neg', [first])]);
      return b.node('Add', [even, b.node('MatMul', [even, matrix(b, [1, 0, 0, 1])])], {}, 'second');
    });
    const sums = [...ruleChanges(blocks, { rule: 'sgm', decay: 0.2 }).keys()].map(
      (name) => name.split('_')[0],
    );
    expect(sums).toEqual(['first', 'second']);
  });

  it('refuses a network without shortcuts', () => {
    const plain = vectors((b, x) => b.node('Relu', [b.node('MatMul', [x, matrix(b, [1, 2, 3, 4])])]));
    expect(() => ruleChanges(plain, { rule: 'sgm', decay: 0.2 })).toThrow(
      'model "vectors" has no residual branches, so that sgm changes nothing',
    );
  });
});

describe('linbp', () => {
  // relu(relu(x·w)·v): at (1, 1) the second hidden value is −3 and cut, and both outputs are 4.
  const graph = vectors((b, x) => {
    const hidden = b.node('Relu', [b.node('MatMul', [x, matrix(b, [1, 2, 3, -5])])]);
    return b.node('Relu', [b.node('MatMul', [hidden, matrix(b, [1, 1, 2, -3])])]);
  });

  it('passes the rectifiers beyond a share of them, at the length of what they would leave', async () => {
    expect(await backwardAt(graph, at(1, 1))).toEqual([2, 6]);
    expect(await backwardAt(graph, at(1, 1), { rule: 'linbp', from: 0.5 })).toEqual([2, 6]);
    // The hidden values have (2, −1), of which the derivative would leave (2, 0): w·(2, −1) = (0, 11), times 2/√5.
    const [first = NaN, second = NaN] = await backwardAt(graph, at(1, 1), { rule: 'linbp', from: 0 });
    expect(first).toBeCloseTo(0, 5);
    expect(second).toBeCloseTo(22 / Math.sqrt(5), 4);
  });

  it('leaves a gradient of 0 as it is', async () => {
    // Both outputs cut: there is no length to pass anything on at.
    const cut = vectors((b, x) => b.node('Relu', [b.node('Neg', [x])]));
    const [value = NaN] = await backwardAt(cut, at(1, 1), { rule: 'linbp', from: 0 });
    expect(Math.abs(value)).toBeLessThan(1e-12);
  });

  it('leaves the answers as they are, and the gradient without it', async () => {
    const model = smallClassifier();
    const plain = lossAndInputGradient(model, 'combination');
    const changed = lossAndInputGradient(model, 'combination', { backward: { rule: 'linbp', from: 0 } });
    const feeds = { image: float32([2, 3, 8, 8], uniform(384, 4)), labels: float32([2, 5], uniform(10, 5)) };
    const [one, other] = [await runGraph(plain.graph, feeds), await runGraph(changed.graph, feeds)];
    expect(other[changed.logits]?.data).toEqual(one[plain.logits]?.data);
    expect(other[changed.gradient]?.data).not.toEqual(one[plain.gradient]?.data);
  });
});

describe('bpa', () => {
  it('has the slope of a SiLU in the place of a rectifier’s', async () => {
    const rectifier = vectors((b, x) => b.node('Relu', [x]));
    const silu = vectors((b, x) => b.node('Mul', [x, b.node('Sigmoid', [x])]));
    const smooth = await backwardAt(rectifier, at(-0.7, 1.3), { rule: 'bpa', from: 0, temperature: 10 });
    const derivative = await backwardAt(silu, at(-0.7, 1.3));
    smooth.forEach((value, i) => {
      expect(value).toBeCloseTo(derivative[i] ?? 0, 6);
    });
  });

  it('shares a max-pool out by a softmax over its window, of which padding has nothing', async () => {
    const b = new GraphBuilder('pool');
    const x = b.input('x', 'float32', [1, 1, 1, 3]);
    const window = { kernel_shape: ints([1, 2]), strides: ints([1, 2]), pads: ints([0, 1, 0, 0]) };
    b.output(b.node('MaxPool', [x], { ...window, ceil_mode: int(0) }), 'float32', [1, 1, 1, 2]);
    const values = float32([1, 1, 1, 3], Float32Array.of(0.1, 0.2, 0.5));
    const shared = await backwardAt(b.build(), values, { rule: 'bpa', from: 0, temperature: 10 });
    // Windows (padding, .1) and (.2, .5): σ(10·(.2 − .5)) of the second goes to .2.
    const small = 1 / (1 + Math.exp(3));
    [1, small, 1 - small].forEach((value, i) => {
      expect(shared[i]).toBeCloseTo(value, 6);
    });
    expect(await backwardAt(b.build(), values)).toEqual([1, 0, 1]);
  });
});
