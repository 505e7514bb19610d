import { describe, expect, it } from 'vitest';
import type { Graph } from '@unpair/graph';
import {
  GraphBuilder,
  ModelError,
  calibrationValues,
  decodeModel,
  encodeModel,
  float32,
  inferShapes,
  int,
  ints,
  quantize,
} from '@unpair/graph';
import { rangesOver } from '../support/calibrate.js';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';
import { smallClassifier } from '../support/sample-graphs.js';

const IMAGES = uniform(64 * 192, 21);
const graph = smallClassifier();
const batch = (count: number): Record<string, ReturnType<typeof float32>> => ({
  image: float32([count, 3, 8, 8], IMAGES.slice(0, count * 192)),
});

function logits(model: Graph, count = 64): Promise<Float32Array> {
  return logitsOf(model, batch(count));
}

async function logitsOf(model: Graph, feeds: ReturnType<typeof batch>): Promise<Float32Array> {
  const result = (await runGraph(model, feeds))['logits'];
  if (result?.dataType !== 'float32') throw new Error('no logits');
  return result.data;
}

/** Filters of one weight each with biases of some tenths, and a layer whose only input is always 0. */
function biased(weights: readonly number[]): Graph {
  const b = new GraphBuilder('biased');
  const image = b.input('image', 'float32', ['N', 1, 2, 2]);
  const kernel = { kernel_shape: ints([1, 1]) };
  const constant = (shape: readonly number[], data: readonly number[]): string =>
    b.initializer('constant', float32(shape, data));
  const first = [constant([2, 1, 1, 1], weights), constant([2], [0.1, 0.7])];
  const live = b.node('GlobalAveragePool', [b.node('Relu', [b.node('Conv', [image, ...first], kernel)])]);
  const dead = b.node('Relu', [
    b.node('Conv', [image, constant([1, 1, 1, 1], [-1]), constant([1], [-0.1])], kernel),
  ]);
  const second = b.node(
    'Conv',
    [dead, constant([2, 1, 1, 1], [0.5, -0.5]), constant([2], [-0.4, 0.3])],
    kernel,
  );
  const sum = b.node('Flatten', [
    b.node('Concat', [live, b.node('GlobalAveragePool', [second])], { axis: int(1) }),
  ]);
  b.output(b.rename(sum, 'logits'), 'float32', ['N', 4]);
  return b.build();
}

function meanDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? NaN)), 0) / a.length;
}

describe('quantize', async () => {
  const ranges = await rangesOver(graph, batch(64));
  const int8 = quantize(graph, ranges);

  it('observes what integer operators read and compute, after the activation that follows', () => {
    const producers = new Map(
      graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node.op] as const)),
    );
    expect(calibrationValues(graph).map((name) => producers.get(name) ?? name)).toEqual([
      ...['image', 'Relu', 'Conv', 'Relu', 'GlobalAveragePool'],
    ]);
  });

  it('keeps the interface and is a valid model', () => {
    expect(int8.inputs).toEqual(graph.inputs);
    expect(int8.outputs).toEqual(graph.outputs);
    expect(inferShapes(int8).get('logits')).toEqual({ dataType: 'float32', shape: ['N', 5] });
    expect(encodeModel(decodeModel(encodeModel(int8)))).toEqual(encodeModel(int8));
    expect(encodeModel(quantize(graph, ranges))).toEqual(encodeModel(int8));
  });

  it('is close to the float model, closer with more bits', async () => {
    const reference = await logits(graph);
    const errors = [];
    for (const bits of [8, 6, 4]) {
      const model = quantize(graph, ranges, { weightBits: bits, activationBits: bits });
      errors.push(meanDifference(await logits(model), reference));
    }
    expect(errors[0]).toBeLessThan(0.01);
    expect(errors).toEqual(errors.toSorted((a, b) => a - b));
  });

  it('gives the same bits whatever the batch', async () => {
    const all = await logits(int8);
    for (const count of [1, 2, 3, 7, 16, 33]) {
      expect(await logits(int8, count)).toEqual(all.slice(0, count * 5));
    }
  });

  it('stores each weight in one byte', () => {
    const sizes = [...int8.initializers.values()].filter(({ shape }) => shape.length > 1);
    expect(sizes.map(({ dataType }) => dataType)).toEqual(['int8', 'int8', 'int8']);
  });

  it('upgrades models of older operator sets', async () => {
    const old = { ...graph, opset: 11 };
    const model = quantize(old, await rangesOver(old, batch(64)));
    expect(model.opset).toBe(13);
    expect(await logits(model)).toEqual(await logits(int8));
  });

  it.each(['channel', 'tensor'] as const)(
    'keeps biases of filters that vanish, by %s',
    async (granularity) => {
      const image = { image: float32([1, 1, 2, 2], [0.2, 0.4, 0.6, 0.8]) };
      for (const second of [0, 1e-11]) {
        const model = biased([granularity === 'channel' ? 1 : 0, second]);
        const int8 = quantize(model, await rangesOver(model, image), { granularity });
        const [before, after] = [await logitsOf(model, image), await logitsOf(int8, image)];
        expect(Math.max(...before.map((value, i) => Math.abs((after[i] ?? NaN) - value)))).toBeLessThan(0.01);
      }
    },
  );

  it('says what it cannot do', () => {
    const [first = ''] = calibrationValues(graph);
    expect(() => quantize(graph, new Map())).toThrow(`calibration saw nothing of value "${first}"`);
    expect(() => quantize(graph, new Map([...ranges, [first, { min: NaN, max: 1 }]]))).toThrow('NaN');
    expect(() => quantize(graph, ranges, { weightBits: 9 })).toThrow(ModelError);
    expect(() => quantize(graph, ranges, { activationBits: 1 })).toThrow('activationBits is 1');
  });
});
