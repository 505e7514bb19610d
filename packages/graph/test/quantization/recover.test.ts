import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph, QuantizeOptions, Tensor } from '@unpair/graph';
import {
  GraphBuilder,
  ModelError,
  applyQuantization,
  chooseScales,
  decodeModel,
  encodeModel,
  float32,
  int,
  ints,
  isQuantized,
  quantize,
  recoverQuantization,
  sizeOf,
  withFloatWeights,
} from '@unpair/graph';
import { rangesOver } from '../support/calibrate.js';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';
import { smallClassifier } from '../support/sample-graphs.js';

const graph = smallClassifier();
const feeds = { image: float32([16, 3, 8, 8], uniform(16 * 192, 21)) };
const ranges = await rangesOver(graph, feeds);

async function logits(model: Graph, given: Record<string, Tensor> = feeds): Promise<Float32Array> {
  const result = Object.values(await runGraph(model, given))[0];
  if (result?.dataType !== 'float32') throw new Error('no logits');
  return result.data;
}

/** As a file has it. */
const reread = (model: Graph): Graph => decodeModel(encodeModel(model));

const options: fc.Arbitrary<QuantizeOptions> = fc.record({
  weightBits: fc.integer({ min: 2, max: 8 }),
  activationBits: fc.integer({ min: 2, max: 8 }),
  granularity: fc.constantFrom('channel', 'tensor'),
  scheme: fc.constantFrom('symmetric', 'asymmetric'),
  weightRanges: fc.constantFrom('min-max', 'mse'),
});

describe('recoverQuantization of what quantize writes', () => {
  it('finds the scales, the bits and weights on their grids', () => {
    fc.assert(
      fc.property(options, (chosen) => {
        const made = chooseScales(graph, ranges, chosen);
        const found = recoverQuantization(reread(applyQuantization(made)));
        expect(found.activationBits).toBe(made.activationBits);
        expect(steps(found.activations.values())).toEqual(steps(made.activations.values()));
        expect([...found.weights.values()]).toEqual([...made.weights.values()]);
        expect([...found.weights.keys()]).toEqual([...made.weights.keys()]);
        expect([...(found.floatBiases ?? [])]).toEqual([]);
      }),
      { seed: 1, numRuns: 40 },
    );
  });

  it('writes the same integers again, for the same answers to the last bit', async () => {
    for (const chosen of [{}, { weightBits: 4, activationBits: 5 }, { granularity: 'tensor' as const }]) {
      const model = quantize(graph, ranges, chosen);
      const again = reread(applyQuantization(recoverQuantization(reread(model))));
      expect(again.nodes.map(({ op }) => op)).toEqual(model.nodes.map(({ op }) => op));
      expect(Object.fromEntries(again.initializers)).toEqual(Object.fromEntries(model.initializers));
      expect(await logits(again)).toEqual(await logits(model));
    }
  });

  it('writes biases that have outgrown the scales, as training may leave them', async () => {
    const found = recoverQuantization(reread(quantize(graph, ranges)));
    const [, weight = '', bias = ''] = found.graph.nodes.findLast(({ op }) => op === 'Gemm')?.inputs ?? [];
    const [scale, shape] = [found.weights.get(weight), found.graph.initializers.get(weight)?.shape];
    if (scale === undefined || shape === undefined) throw new Error('no weights');
    // Weights that have gone, in the scale of such, and a bias in their place.
    const vanishing = { ...scale, scales: scale.scales.map(() => 2 ** -40) };
    const learnt = [0.1, -0.2, 0.3, -0.4, 0.5];
    const initializers = new Map([
      ...found.graph.initializers,
      [weight, float32(shape, new Float32Array(sizeOf(shape)))],
      [bias, float32([5], learnt)],
    ]);
    const weights = new Map([...found.weights, [weight, vanishing]]);
    const model = applyQuantization({ ...found, graph: { ...found.graph, initializers }, weights });
    const answers = await logits(model);
    learnt.forEach((value, i) => {
      expect(answers[i]).toBeCloseTo(value, 5);
    });
    // What was raised is in the file, so that it is read back and written as it is.
    const again = applyQuantization(recoverQuantization(reread(model)));
    expect(Object.fromEntries(again.initializers)).toEqual(Object.fromEntries(model.initializers));
  });

  it('leaves activations of a narrower Clip alone where a Relu6 comes before 8 bits', async () => {
    const six = relu6Classifier();
    const model = quantize(six, await rangesOver(six, feeds));
    const found = recoverQuantization(model);
    expect(found.activationBits).toBe(8);
    expect(found.graph.nodes.map(({ op }) => op)).toContain('Clip');
    expect(await logits(applyQuantization(found))).toEqual(await logits(model));
  });
});

describe('recoverQuantization of what other tools write', () => {
  it('computes the same with uint8 weights, float biases, rounded outputs and values read twice', async () => {
    const model = toolMade();
    const found = recoverQuantization(model);
    expect([...found.weights.values()].map(({ zeroPoint, low }) => [zeroPoint, low])).toEqual([
      [3, -128],
      [0, -127],
    ]);
    expect([...(found.floatBiases ?? [])]).toHaveLength(1);
    const again = applyQuantization(found);
    expect(again.nodes.filter(({ op }) => op === 'QuantizeLinear')).toHaveLength(3);
    const image = { image: float32([4, 4], uniform(16, 3)) };
    expect(await logits(again, image)).toEqual(await logits(model, image));
    expect(await logits(applyQuantization(recoverQuantization(again)), image)).toEqual(
      await logits(model, image),
    );
  });

  it('says that a model has no stored weights', () => {
    expect(() => recoverQuantization(graph)).toThrow(ModelError);
    expect(() => recoverQuantization(graph)).toThrow('has no Conv, Gemm or MatMul whose weights are stored');
  });
});

describe('withFloatWeights', () => {
  it('is the same model with weights that can be trained', async () => {
    const model = quantize(graph, ranges);
    const floats = withFloatWeights(model);
    expect(isQuantized(graph)).toBe(false);
    expect(isQuantized(model)).toBe(true);
    const types = [...floats.initializers.values()].flatMap(({ dataType, shape }) =>
      shape.length > 1 ? [dataType] : [],
    );
    expect(types).toEqual(['float32', 'float32', 'float32']);
    const [before, after] = [await logits(model), await logits(floats)];
    after.forEach((value, i) => {
      expect(Math.abs(value - (before[i] ?? NaN))).toBeLessThan(0.02);
    });
  });
});

function steps(scales: Iterable<{ dataType: string; scale: number; zeroPoint: number }>): readonly unknown[] {
  return Array.from(scales, ({ dataType, scale, zeroPoint }) => [dataType, scale, zeroPoint]);
}

function relu6Classifier(): Graph {
  const b = new GraphBuilder('relu6');
  const image = b.input('image', 'float32', ['N', 3, 8, 8]);
  const weights = b.initializer('w', float32([4, 3, 3, 3], uniform(108, 5, -0.5, 0.5)));
  const conv = b.node('Conv', [image, weights], { kernel_shape: ints([3, 3]) });
  const bounds = [0, 0.5].map((bound) => b.initializer('bound', float32([], [bound])));
  const pooled = b.node('GlobalAveragePool', [b.node('Clip', [conv, ...bounds])]);
  b.output(b.rename(b.node('Flatten', [pooled]), 'logits'), 'float32', ['N', 4]);
  return b.build();
}

/** Two layers: uint8 weights with a zero point and a bias that stays float; a hidden value is read twice. */
function toolMade(): Graph {
  const b = new GraphBuilder('tool');
  const bytes = (length: number, seed: number): Uint8Array =>
    Uint8Array.from(uniform(length, seed, 0, 255.9));
  const scalar = (value: number): string => b.initializer('scale', float32([], [value]));
  const zero = (value: number): string =>
    b.initializer('zero', { dataType: 'uint8', shape: [], data: Uint8Array.of(value) });
  const rounded = (name: string, scale: number, point: number): string => {
    const parameters = [scalar(scale), zero(point)];
    return b.node('DequantizeLinear', [b.node('QuantizeLinear', [name, ...parameters]), ...parameters]);
  };
  const weights = (shape: readonly number[], seed: number, point: number): string => {
    const data = bytes((shape[0] ?? 0) * (shape[1] ?? 0), seed);
    const integers = b.initializer('w_quantized', { dataType: 'uint8', shape, data });
    return b.node('DequantizeLinear', [integers, scalar(0.01), zero(point)]);
  };
  const image = b.input('image', 'float32', ['N', 4]);
  const bias = b.initializer('bias', float32([6], uniform(6, 8)));
  const hidden = b.node('Gemm', [rounded(image, 1 / 255, 0), weights([6, 4], 1, 131), bias], {
    transB: int(1),
  });
  const active = b.node('Relu', [hidden]);
  const second = b.node('MatMul', [rounded(active, 0.02, 0), weights([6, 3], 2, 128)]);
  const raw = b.node('MatMul', [active, b.initializer('plain', float32([6, 3], uniform(18, 4)))]);
  const logits = rounded(b.node('Add', [second, raw]), 0.03, 128);
  b.output(b.rename(logits, 'logits'), 'float32', ['N', 3]);
  return b.build();
}
