import { decodeTflite } from '@unpair/formats';
import type { Graph, ModelOptions, Runtime } from '@unpair/graph';
import { adaptModel, decodeModel } from '@unpair/graph';
import type { ObjectiveGradients } from '@unpair/classifiers';
import { argmax, createDifferentiableClassifier } from '@unpair/classifiers';
import { createRandom } from '@unpair/numerics';
import { createOnnxRuntime, createRuntime } from '@unpair/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasSharedData, readSharedModel } from './kit/shared-data.js';

/** Models that others published are the same to an attacker on either runtime. */

interface Published {
  readonly file: string;
  readonly side: number;
  readonly options?: ModelOptions;
  /** Largest difference of logits, of the largest logit. */
  readonly logits: number;
  /** Least cosine of input gradients. */
  readonly cosine: number;
}

const bytes = { range: [0, 255] } as const;
const MODELS: readonly Published[] = [
  { file: 'cifar10-resnet20.onnx', side: 32, logits: 1e-5, cosine: 0.99999 },
  // Deep enough for a few units near 0 to fall on either side of a Relu: 0.999989 on CPUs without AVX-512.
  { file: 'cifar10-resnet56.onnx', side: 32, logits: 1e-5, cosine: 0.9999 },
  {
    file: 'cifar10-resnet8-float.tflite',
    side: 32,
    options: { preprocessing: bytes },
    logits: 1e-5,
    cosine: 0.99999,
  },
  // Rounding to 8 bits turns differences of the last bit into whole steps.
  {
    file: 'cifar10-resnet8-int8.tflite',
    side: 32,
    options: { preprocessing: bytes },
    logits: 0.02,
    cosine: 0.9,
  },
  {
    file: 'mobilenet_v1_0.25_128_quant.tflite',
    side: 128,
    options: { preprocessing: { ...bytes, mean: [128], std: [128] } },
    ...{ logits: 0.02, cosine: 0.9 },
  },
  {
    file: 'tf2_mobilenet_v2_1.0_224_ptq.tflite',
    side: 224,
    options: { preprocessing: { ...bytes, mean: [127], std: [127.5] } },
    ...{ logits: 0.06, cosine: 0.8 },
  },
];

function read({ file, options = {} }: Published): Graph {
  const content = readSharedModel(file);
  const graph = file.endsWith('.onnx') ? decodeModel(content) : decodeTflite(content);
  return adaptModel(graph, options);
}

async function answersOf(runtime: Runtime, model: Published, count: number): Promise<ObjectiveGradients> {
  const { side } = model;
  const random = createRandom({ seed: 5, cell: 'published', sample: 0 });
  const images = new Float32Array(count * 3 * side * side).map(() => random.integer(256) / 255);
  const shape = [3, side, side] as const;
  const classifier = await createDifferentiableClassifier({ graph: read(model), runtime, images: shape });
  try {
    const labels = Int32Array.from({ length: count }, (_, row) => row);
    return await classifier.gradients(images, { kind: 'cross-entropy', labels }, count);
  } finally {
    await classifier.close();
  }
}

describe.skipIf(!hasSharedData)('published models on tensorflow and on onnxruntime', () => {
  const onnxruntime = createOnnxRuntime();
  let tensorflow: Runtime;
  beforeAll(async () => {
    tensorflow = await createRuntime('tensorflow', { backend: 'wasm' });
  });

  it.each(MODELS)('$file', async (model) => {
    const count = model.side > 128 ? 1 : 4;
    const expected = await answersOf(onnxruntime, model, count);
    const actual = await answersOf(tensorflow, model, count);
    const largest = expected.logits.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const gap = expected.logits.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - (actual.logits[at] ?? NaN))),
      0,
    );
    expect(gap / largest).toBeLessThan(model.logits);
    expect(Math.min(...cosines(expected.gradients, actual.gradients, count))).toBeGreaterThan(model.cosine);
    const classes = expected.logits.length / count;
    for (let row = 0; row < count; row++) {
      expect(argmax(actual.logits, row * classes, classes)).toBe(
        argmax(expected.logits, row * classes, classes),
      );
    }
  });
});

/** Of the gradients of each input. */
function cosines(a: Float32Array, b: Float32Array, count: number): readonly number[] {
  const size = a.length / count;
  return Array.from({ length: count }, (_, row) => {
    const [x, y] = [a, b].map((all) => all.subarray(row * size, (row + 1) * size));
    const dot = (left?: Float32Array, right?: Float32Array): number =>
      left?.reduce((sum, value, at) => sum + value * (right?.[at] ?? NaN), 0) ?? NaN;
    return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
  });
}
