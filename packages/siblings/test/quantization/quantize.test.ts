import { describe, expect, it } from 'vitest';
import type { Graph } from '@unpair/graph';
import { GraphBuilder, decodeModel, float32, ints, summarizeModel } from '@unpair/graph';
import type { TrainingSamples } from '@unpair/training';
import { createRandom } from '@unpair/numerics';
import { quantizeModel, siblings } from '@unpair/siblings';
import { createOnnxRuntime } from '@unpair/runtime';
import { hasSharedData, readSharedModel } from '../../../../test/kit/shared-data.js';

const runtime = createOnnxRuntime();
const DEFAULTS = {
  weights: 8,
  activations: 8,
  granularity: 'channel',
  scheme: 'asymmetric',
  calibration: 64,
  ranges: 'min-max',
  'finetune.epochs': 0,
};

function samples(length: number, sample: number): Float32Array {
  const random = createRandom({ seed: 1, cell: 'quantize', sample });
  return Float32Array.from({ length }, () => random.uniform());
}

/** Images without anything to tell their classes by. */
function unlabelled(images: Float32Array, shape: TrainingSamples['shape'] = [1, 6, 6]): TrainingSamples {
  const size = shape[0] * shape[1] * shape[2];
  return { images, labels: new Int32Array(images.length / size), shape, classes: 4 };
}

function classifier(batch: number | string = 'N'): Graph {
  const b = new GraphBuilder('tiny');
  const x = b.input('image', 'float32', [batch, 1, 6, 6]);
  const weights = b.initializer(
    'w',
    float32(
      [4, 1, 3, 3],
      samples(36, 1).map((w) => w - 0.5),
    ),
  );
  const conv = b.node('Conv', [x, weights], { kernel_shape: ints([3, 3]) });
  const flat = b.node('Flatten', [b.node('GlobalAveragePool', [b.node('Relu', [conv])])]);
  b.output(b.rename(flat, 'logits'), 'float32', [batch, 4]);
  return b.build();
}

async function logitsOf(graph: Graph, shape: readonly number[], data: Float32Array): Promise<Float32Array> {
  const executable = await runtime.load(graph);
  try {
    const { logits } = await executable.run({ image: float32(shape, data) });
    if (logits?.dataType !== 'float32') throw new Error('no logits');
    return logits.data;
  } finally {
    await executable.close();
  }
}

describe('quantizeModel', () => {
  it('is in the registry under its name in campaign files', () => {
    expect(siblings.map(({ name }) => name)).toContain('quantize');
  });

  it.each(['N', 1])('quantizes a model of batch size %s on its calibration samples', async (batch) => {
    const graph = classifier(batch);
    const data = samples(64 * 36, 2);
    const int8 = await quantizeModel({
      graph,
      runtime,
      seed: 0,
      samples: unlabelled(data),
      parameters: DEFAULTS,
    });
    expect(summarizeModel(int8).operators).toHaveProperty('QuantizeLinear');
    const shape = [1, 1, 6, 6];
    const [before, after] = [
      await logitsOf(graph, shape, data.slice(0, 36)),
      await logitsOf(int8, shape, data.slice(0, 36)),
    ];
    before.forEach((value, i) => {
      expect(Math.abs(value - (after[i] ?? NaN))).toBeLessThan(0.02);
    });
  });

  it.each([
    ['tensor', 'asymmetric', 'min-max'],
    ['channel', 'symmetric', 'percentile'],
    ['tensor', 'symmetric', 'mse'],
  ])('quantizes by %s, %s, in %s ranges', async (granularity, scheme, ranges) => {
    const graph = classifier();
    const data = samples(64 * 36, 2);
    const parameters = { ...DEFAULTS, granularity, scheme, ranges };
    const int8 = await quantizeModel({ graph, runtime, seed: 0, samples: unlabelled(data), parameters });
    const before = await logitsOf(graph, [64, 1, 6, 6], data);
    const after = await logitsOf(int8, [64, 1, 6, 6], data);
    before.forEach((value, i) => {
      expect(Math.abs(value - (after[i] ?? NaN))).toBeLessThan(0.03);
    });
  });

  it('names the operators of a model without anything to quantize', async () => {
    const b = new GraphBuilder('means');
    const x = b.input('image', 'float32', ['N', 1, 6, 6]);
    b.output(b.node('Flatten', [b.node('GlobalAveragePool', [x])]), 'float32', ['N', 1]);
    const request = {
      graph: b.build(),
      runtime,
      seed: 0,
      samples: unlabelled(samples(64 * 36, 2)),
      parameters: DEFAULTS,
    };
    await expect(quantizeModel(request)).rejects.toThrow('only GlobalAveragePool, Flatten');
  });

  it('says of a model that is quantized already what to quantize instead, before it calibrates', async () => {
    const b = new GraphBuilder('dense');
    const x = b.input('image', 'float32', ['N', 1, 6, 6]);
    const weights = b.initializer('w', float32([36, 4], samples(144, 3)));
    b.output(b.node('MatMul', [b.node('Flatten', [x]), weights]), 'float32', ['N', 4]);
    const request = { runtime, seed: 0, samples: unlabelled(samples(64 * 36, 2)), parameters: DEFAULTS };
    const once = await quantizeModel({ ...request, graph: b.build() });
    await expect(quantizeModel({ ...request, graph: once })).rejects.toThrow(
      'it is quantized already, so quantize the model that it was made of',
    );
  });

  it('looks at the first samples alone', async () => {
    const data = samples(100 * 36, 3);
    const other = data.map((value, i) => (i < 64 * 36 ? value : 9));
    const make = (input: Float32Array): Promise<Graph> =>
      quantizeModel({
        graph: classifier(),
        runtime,
        seed: 0,
        samples: unlabelled(input),
        parameters: DEFAULTS,
      });
    expect(await make(data)).toEqual(await make(other));
  });

  it('refuses too few samples and models it cannot feed, and stops when told to', async () => {
    const request = {
      graph: classifier(),
      runtime,
      seed: 0,
      samples: unlabelled(samples(36, 4)),
      parameters: DEFAULTS,
    };
    await expect(quantizeModel(request)).rejects.toThrow('looking at 64 samples of shape [1, 6, 6]');
    await expect(quantizeModel({ ...request, graph: classifier(5) })).rejects.toThrow('open batch size');
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(
      quantizeModel({ ...request, samples: unlabelled(samples(64 * 36, 4)), signal }),
    ).rejects.toThrow('stopped');
  });

  it.skipIf(!hasSharedData)(
    'keeps what ResNet-20 answers (skipped without the shared data folder)',
    async () => {
      const graph = decodeModel(readSharedModel('cifar10-resnet20.onnx'));
      const data = samples(64 * 3072, 5);
      const int8 = await quantizeModel({
        graph,
        runtime,
        seed: 0,
        samples: unlabelled(data, [3, 32, 32]),
        parameters: DEFAULTS,
      });
      const shape = [64, 3, 32, 32];
      const [before, after] = [await logitsOf(graph, shape, data), await logitsOf(int8, shape, data)];
      const spread = Math.max(...before) - Math.min(...before);
      const error =
        before.reduce((sum, value, i) => sum + Math.abs(value - (after[i] ?? NaN)), 0) / before.length;
      expect(error).toBeLessThan(0.05 * spread);
      expect(summarizeModel(int8).bytes).toBeLessThan(summarizeModel(graph).bytes / 3.5);
      for (const count of [1, 5, 33]) {
        const part = await logitsOf(int8, [count, 3, 32, 32], data.slice(0, count * 3072));
        expect(part).toEqual(after.slice(0, count * 10));
      }
    },
  );
});
