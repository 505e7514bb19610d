import type { Graph } from '@unpair/graph';
import {
  GraphBuilder,
  KNOWN_OPERATORS,
  differentiableOperators,
  float32,
  gradient,
  gradientName,
  int,
  ints,
  isDifferentiable,
  lossAndInputGradient,
  withLoss,
} from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
import { smallClassifier } from '../support/sample-graphs.js';
import type { Point } from './support/check-gradient.js';
import { checkGradient } from './support/check-gradient.js';

const labels = float32([2, 5], [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);

/** A small model whose only input is the image and whose only output is its loss. */
function lossOnly(model: Graph): Graph {
  const { graph } = withLoss(model, 'cross-entropy');
  return {
    ...graph,
    inputs: graph.inputs.filter(({ name }) => name !== 'labels'),
    outputs: graph.outputs.filter(({ name }) => name === 'loss'),
    initializers: new Map([...graph.initializers, ['labels', labels]]),
  };
}

const image = { shape: [2, 3, 8, 8], low: 0, high: 1 };

describe('gradient', () => {
  it('goes through a classifier to its image', async () => {
    await checkGradient(lossOnly(smoothClassifier()), { image });
  });

  it('goes to a weight, an initializer as much as an input', async () => {
    const graph = lossOnly(smoothClassifier());
    const weights = [...graph.initializers].filter(([, { shape }]) => shape.length === 4);
    const names = weights.map(([name]) => name);
    const direct = await runGraph(gradient(graph, { of: 'loss', wrt: names }), { image: picture() });
    const asInputs: Graph = {
      ...graph,
      inputs: [...graph.inputs, ...weights.map(([name, { dataType, shape }]) => ({ name, dataType, shape }))],
      initializers: new Map([...graph.initializers].filter(([name]) => !names.includes(name))),
    };
    const fed = await runGraph(gradient(asInputs, { of: 'loss', wrt: names }), {
      image: picture(),
      ...Object.fromEntries(weights),
    });
    for (const [name, { shape }] of weights) {
      const output = gradientName('loss', name);
      expect(direct[output]?.shape).toEqual(shape);
      const expected = fed[output]?.data as Float32Array;
      (direct[output]?.data as Float32Array).forEach((value, index) => {
        expect(value).toBeCloseTo(expected[index] ?? NaN, 5);
      });
    }
    await checkGradient(
      asInputs,
      Object.fromEntries<Point>([
        ['image', image],
        ...weights.map(([name, { shape }]) => [name, { shape, low: -0.5, high: 0.5 }] as const),
      ]),
    );
  });

  it('goes to an intermediate value and is zero for what the result does not depend on', async () => {
    const builder = new GraphBuilder('g');
    const [a, b] = [builder.input('a', 'float32', ['N']), builder.input('b', 'float32', ['N'])];
    const square = builder.rename(builder.node('Mul', [a, a]), 'square');
    const cube = builder.rename(builder.node('Mul', [square, a]), 'cube');
    builder.output(cube, 'float32', ['N']);
    const results = await runGraph(gradient(builder.build(), { of: cube, wrt: [square, b] }), {
      a: float32([2], [3, 4]),
      b: float32([2], [5, 6]),
    });
    expect([...(results['d_cube/d_square']?.data ?? [])]).toEqual([3, 4]);
    expect([...(results['d_cube/d_b']?.data ?? [])]).toEqual([0, 0]);
    expect([...(results['cube']?.data ?? [])]).toEqual([27, 64]);
  });

  it('of a norm is zero at zero', async () => {
    const b = new GraphBuilder('norm');
    const x = b.input('x', 'float32', [2, 2]);
    b.output(b.node('ReduceL2', [x], { axes: ints([1]), keepdims: int(0) }), 'float32', [2]);
    const graph = b.build();
    const [of = ''] = graph.outputs.map(({ name }) => name);
    const results = await runGraph(gradient(graph, { of, wrt: ['x'] }), {
      x: float32([2, 2], [0, 0, 3, -4]),
    });
    expect(results[gradientName(of, 'x')]?.data).toEqual(
      Float32Array.of(0, 0, Math.fround(0.6), Math.fround(-0.8)),
    );
  });

  it('weights the result with a seed and leaves out the outputs where asked to', async () => {
    const builder = new GraphBuilder('g');
    const a = builder.input('a', 'float32', ['N']);
    builder.input('weights', 'float32', ['N']);
    const cube = builder.rename(builder.node('Mul', [builder.node('Mul', [a, a]), a]), 'cube');
    builder.output(cube, 'float32', ['N']);
    const graph = gradient(builder.build(), { of: cube, wrt: [a], seed: 'weights', keepOutputs: false });
    const results = await runGraph(graph, { a: float32([2], [1, 2]), weights: float32([2], [2, -1]) });
    expect(Object.keys(results)).toEqual(['d_cube/d_a']);
    expect([...(results['d_cube/d_a']?.data ?? [])]).toEqual([6, -12]);
  });

  it('builds no adjoint that is not asked for', () => {
    const { graph } = lossAndInputGradient(smallClassifier(), 'cross-entropy');
    expect(graph.nodes.filter(({ op }) => op === 'MatMul')).toEqual([]);
    expect(graph.nodes.filter(({ op }) => op === 'Conv')).toHaveLength(4);
  });

  it('has a derivative again: the gradient norm against central differences', async () => {
    const model = smoothClassifier();
    const first = gradient(lossOnly(model), { of: 'loss', wrt: ['image'], keepOutputs: false });
    const builder = GraphBuilder.from(first);
    const derivative = gradientName('loss', 'image');
    builder.clearOutputs();
    builder.output(
      builder.node('ReduceSum', [builder.node('Mul', [derivative, derivative])]),
      'float32',
      [1, 1, 1, 1],
    );
    await checkGradient(builder.build(), { image }, { step: 5e-3, tolerance: 3e-2 });
  });
});

describe('what cannot be differentiated', () => {
  const foreign = (...operators: readonly string[]): Graph => {
    const builder = new GraphBuilder('foreign');
    let value = builder.input('x', 'float32', ['N', 3]);
    for (const op of operators) value = builder.node(op, [value]);
    builder.output(value, 'float32', ['N', 3]);
    return builder.build();
  };

  it('names the node and every other operator without a rule', () => {
    expect(
      isDifferentiable(foreign('Relu', 'ReduceProd', 'Asinh', 'NonMaxSuppression', 'ReduceProd')),
    ).toEqual({
      ok: false,
      reason:
        'operator ReduceProd of node "reduceprod_1" cannot be differentiated; neither can Asinh, NonMaxSuppression, which it also uses',
    });
  });

  it('says so of a value that is not there or is an integer', () => {
    expect(() => gradient(foreign('Relu'), { of: 'y', wrt: ['x'] })).toThrow(
      'graph "foreign" has no value "y"',
    );
    const builder = new GraphBuilder('integers');
    builder.input('i', 'int64', ['N']);
    expect(() => gradient(builder.build(), { of: 'i', wrt: ['i'] })).toThrow(
      'is int64; only float32 and float64',
    );
  });

  it('is nothing in a plain classifier', () => {
    expect(isDifferentiable(smallClassifier())).toEqual({ ok: true });
  });
});

it('has rules only for operators whose results can be typed', () => {
  expect(differentiableOperators().filter((op) => !KNOWN_OPERATORS.has(op))).toEqual([]);
});

function picture(): ReturnType<typeof float32> {
  return float32(
    image.shape,
    Float32Array.from({ length: 384 }, (_, index) => Math.sin(index) / 2 + 0.5),
  );
}

/** The small classifier with Tanh for ReLU, so that its second derivatives do not jump. */
function smoothClassifier(): Graph {
  const graph = smallClassifier();
  return {
    ...graph,
    nodes: graph.nodes.map((node) => (node.op === 'Relu' ? { ...node, op: 'Tanh' } : node)),
  };
}
