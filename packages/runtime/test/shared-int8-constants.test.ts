import { describe, expect, it } from 'vitest';
import type { Graph, Runtime, Tensors } from '@unpair/graph';
import { GraphBuilder, LABELS, float32, foldConstants, lossAndInputGradient } from '@unpair/graph';
import { createOnnxRuntime, createRuntime } from '@unpair/runtime';
import { pattern } from './conformance/reference.js';

const CHANNELS = 16;
const LAYERS = 3;
const ROWS = 4;

/** What the layers of a network have in common. */
type Shared = 'nothing' | 'zero point' | 'weight' | 'dequantized weight';

interface Layers {
  readonly op: 'Conv' | 'ConvTranspose' | 'Gemm' | 'MatMul';
  readonly shared: Shared;
  /** Whether weights are floats behind a QuantizeLinear, as fake quantization is exported. */
  readonly isFake: boolean;
  /** Whether the input of each layer is rounded as well. */
  readonly isRounded: boolean;
}

/** Layers of one int8 weight. Without sharing all weights are the same too, but each has constants of its own. */
function network({ op, shared, isFake, isRounded }: Layers): Graph {
  const b = new GraphBuilder(`${op} sharing ${shared}`);
  const image = op.startsWith('Conv') ? [2, 2] : [];
  const shape = [CHANNELS, CHANNELS, ...image.map(() => 1)];
  const once = (what: Shared, make: () => string): (() => string) => {
    let made: string | undefined;
    return () => (shared === what ? (made ??= make()) : make());
  };
  const zeroPoint = once('zero point', () =>
    b.initializer('zero', { dataType: 'int8', shape: [], data: new Int8Array(1) }),
  );
  const stored = once('weight', () => {
    const data = Int8Array.from(pattern(shape, 3).data, (value) => Math.round(127 * value));
    return b.initializer('integers', { dataType: 'int8', shape, data });
  });
  const floats = once('weight', () => {
    const data = pattern(shape, 3).data.map((value) => 0.47 * value);
    return b.initializer('floats', float32(shape, data));
  });
  const weight = once('dequantized weight', () => {
    const parameters = [b.initializer('scale', float32([], [0.0037])), zeroPoint()];
    const rounded = isFake ? b.node('QuantizeLinear', [floats(), ...parameters]) : stored();
    return b.node('DequantizeLinear', [rounded, ...parameters]);
  });
  const round = (value: string): string => {
    const parameters = [b.initializer('scale', float32([], [0.0213])), zeroPoint()];
    return b.node('DequantizeLinear', [b.node('QuantizeLinear', [value, ...parameters]), ...parameters]);
  };
  let value = b.input('x', 'float32', ['N', CHANNELS, ...image]);
  for (let layer = 0; layer < LAYERS; layer++) {
    value = b.node(op, [isRounded ? round(value) : value, weight()]);
  }
  b.output(b.rename(value, 'y'), 'float32', ['N', CHANNELS, ...image]);
  return b.build();
}

/** All results of a graph, one after the other. */
async function resultsOf(graph: Graph, runtime: Runtime = createOnnxRuntime()): Promise<readonly number[]> {
  const executable = await runtime.load(graph);
  try {
    const feeds: Tensors = Object.fromEntries(
      graph.inputs.map(({ name, shape }) => [name, pattern([ROWS, ...shape.slice(1).map(Number)], 5)]),
    );
    const results = await executable.run(feeds);
    return graph.outputs.flatMap(({ name }) => Array.from(results[name]?.data ?? [], Number));
  } finally {
    await executable.close();
  }
}

const both = [true, false];
const cases = (['Conv', 'ConvTranspose', 'Gemm', 'MatMul'] as const).flatMap((op) =>
  (['zero point', 'weight', 'dequantized weight'] as const).flatMap((shared) =>
    both.flatMap((isFake) => both.map((isRounded) => ({ op, shared, isFake, isRounded }))),
  ),
);

describe('int8 constants with several readers', () => {
  it.each(cases)(
    'are as good as copies: $op, one $shared, fake: $isFake, rounded: $isRounded',
    async (layers) => {
      const actual = await resultsOf(network(layers));
      expect(actual.some((value) => value !== 0)).toBe(true);
      expect(actual).toEqual(await resultsOf(network({ ...layers, shared: 'nothing' })));
    },
  );

  it('may be outputs of the graph', async () => {
    const graph = network({ op: 'Gemm', shared: 'dequantized weight', isFake: false, isRounded: true });
    const [weight = ''] = graph.nodes
      .filter(({ op }) => op === 'Gemm')
      .flatMap(({ inputs }) => inputs.slice(1));
    const outputs = [
      ...graph.outputs,
      { name: weight, dataType: 'float32', shape: [CHANNELS, CHANNELS] } as const,
    ];
    const results = await resultsOf({ ...graph, outputs });
    expect(results.slice(0, ROWS * CHANNELS)).toEqual(await resultsOf(graph));
    expect(results).toHaveLength(ROWS * CHANNELS + CHANNELS * CHANNELS);
  });

  it('have derivatives, which agree with those of the other runtime', async () => {
    const graph = network({ op: 'MatMul', shared: 'zero point', isFake: true, isRounded: false });
    const { graph: derivative } = lossAndInputGradient(foldConstants(graph), 'cross-entropy');
    expect(derivative.inputs.map(({ name }) => name)).toContain(LABELS);
    const actual = await resultsOf(derivative);
    const expected = await resultsOf(derivative, await createRuntime('tensorflow', { backend: 'wasm' }));
    const largest = Math.max(...expected.map(Math.abs));
    for (const [at, value] of expected.entries())
      expect(Math.abs((actual[at] ?? NaN) - value)).toBeLessThan(1e-5 * largest);
  });
});
