import { adaptModel, isDifferentiable } from '@unpair/graph';
import { describe, expect, test } from 'vitest';

import { uniform } from '../../../graph/test/support/random.js';
import { decode, distance, run } from './decoded.js';
import { layers as keras, predict, saveLayersModel, tf } from './tensorflow.js';

type Layer = keras.layers.Layer;

/** Weights that nothing hides: biases and statistics that are not zero or one. */
function randomize(model: keras.LayersModel): keras.LayersModel {
  const weights = model.getWeights().map((weight, i) => {
    const isVariance = model.weights[i]?.name.includes('variance') === true;
    return tf.tensor(
      uniform(weight.size, i + 1, isVariance ? 0.5 : -0.6, isVariance ? 2 : 0.6),
      weight.shape,
    );
  });
  model.setWeights(weights);
  return model;
}

async function agreement(
  model: keras.LayersModel,
  shape: readonly number[],
  shardBytes?: number,
): Promise<number> {
  const saved = await saveLayersModel(randomize(model), shardBytes);
  const size = shape.reduce((product, dim) => product * dim, 2);
  const data = uniform(size, 99, -1, 1);
  const expected = predict(model, data, [2, ...shape]);
  return distance(await run(decode(saved), data, [2, ...shape]), expected);
}

const sequential = (shape: readonly number[], ...all: readonly Layer[]): keras.LayersModel => {
  const [first, ...rest] = all;
  const input = keras.input({ shape: [...shape] });
  let value = first?.apply(input) as keras.SymbolicTensor;
  for (const layer of rest) value = layer.apply(value) as keras.SymbolicTensor;
  return keras.model({ inputs: input, outputs: value });
};

const { layers: L } = keras;
const IMAGE = [7, 6, 4];

describe('a layer gives what TensorFlow.js gives', () => {
  const cases: readonly (readonly [string, readonly number[], readonly Layer[]])[] = [
    [
      'Conv2D, same',
      IMAGE,
      [L.conv2d({ filters: 5, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' })],
    ],
    [
      'Conv2D, valid, dilated',
      IMAGE,
      [L.conv2d({ filters: 3, kernelSize: [2, 3], dilationRate: 2, useBias: false })],
    ],
    ['DepthwiseConv2D', IMAGE, [L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' })]],
    [
      'SeparableConv2D',
      IMAGE,
      [L.separableConv2d({ filters: 6, kernelSize: 3, strides: 2, padding: 'same' })],
    ],
    [
      'Conv2DTranspose, same',
      IMAGE,
      [L.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' })],
    ],
    ['Conv2DTranspose, valid', IMAGE, [L.conv2dTranspose({ filters: 3, kernelSize: 4, strides: 2 })]],
    ['Dense on features', [10], [L.dense({ units: 4, activation: 'tanh' })]],
    ['Dense on rows', [3, 10], [L.dense({ units: 4, activation: 'softmax' })]],
    ['Flatten', IMAGE, [L.conv2d({ filters: 2, kernelSize: 2 }), L.flatten(), L.dense({ units: 3 })]],
    ['Reshape', IMAGE, [L.conv2d({ filters: 2, kernelSize: 1 }), L.reshape({ targetShape: [7, -1] })]],
    ['Permute', IMAGE, [L.conv2d({ filters: 2, kernelSize: 1 }), L.permute({ dims: [3, 1, 2] })]],
    ['BatchNormalization', IMAGE, [L.batchNormalization({ epsilon: 0.01 })]],
    ['BatchNormalization without scale', [5, 3], [L.batchNormalization({ scale: false })]],
    ['LayerNormalization', IMAGE, [L.conv2d({ filters: 5, kernelSize: 1 }), L.layerNormalization()]],
    ['MaxPooling2D', IMAGE, [L.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })]],
    ['AveragePooling2D', IMAGE, [L.averagePooling2d({ poolSize: [2, 3], padding: 'same' })]],
    [
      'GlobalAveragePooling2D',
      IMAGE,
      [L.conv2d({ filters: 2, kernelSize: 1 }), L.globalAveragePooling2d({})],
    ],
    ['GlobalMaxPooling2D', IMAGE, [L.globalMaxPooling2d({})]],
    [
      'ZeroPadding2D',
      IMAGE,
      [
        L.zeroPadding2d({
          padding: [
            [1, 0],
            [2, 3],
          ],
        }),
      ],
    ],
    [
      'Cropping2D',
      IMAGE,
      [
        L.cropping2D({
          cropping: [
            [1, 2],
            [0, 3],
          ],
        }),
      ],
    ],
    ['UpSampling2D, nearest', IMAGE, [L.upSampling2d({ size: [2, 3] })]],
    ['UpSampling2D, bilinear', IMAGE, [L.upSampling2d({ size: [2, 2], interpolation: 'bilinear' })]],
    ['ReLU with a bound', IMAGE, [L.reLU({ maxValue: 0.5 })]],
    ['LeakyReLU', IMAGE, [L.leakyReLU({ alpha: 0.2 })]],
    ['ELU', IMAGE, [L.elu({})]],
    ['PReLU', IMAGE, [L.conv2d({ filters: 2, kernelSize: 1 }), L.prelu({})]],
    ['Softmax', IMAGE, [L.conv2d({ filters: 3, kernelSize: 1 }), L.softmax({ axis: -1 })]],
    ['Rescaling', IMAGE, [L.rescaling({ scale: 1 / 127.5, offset: -1 })]],
    ['Dropout', IMAGE, [L.dropout({ rate: 0.4 })]],
    [
      'channels first',
      [4, 7, 6],
      [
        L.conv2d({ filters: 3, kernelSize: 3, padding: 'same', dataFormat: 'channelsFirst' }),
        L.maxPooling2d({ poolSize: 2, dataFormat: 'channelsFirst' }),
        L.flatten({ dataFormat: 'channelsFirst' }),
      ],
    ],
  ];
  test.each(cases)('%s', async (_, shape, all) => {
    expect(await agreement(sequential(shape, ...all), shape)).toBeLessThan(2e-6);
  });

  test.each([
    'elu',
    'gelu',
    'gelu_new',
    'hardSigmoid',
    'linear',
    'mish',
    'relu',
    'relu6',
    'selu',
    'sigmoid',
    'softmax',
    'softplus',
    'softsign',
    'swish',
    'tanh',
  ] as const)('activation %s', async (activation) => {
    expect(await agreement(sequential([9], L.activation({ activation })), [9])).toBeLessThan(2e-6);
  });
});

test('BatchNormalization over axis 1 is that over the last axis of the transposed images', async () => {
  // TensorFlow.js' own kernels take statistics of the last axis only.
  const model = randomize(sequential(IMAGE, L.batchNormalization({ axis: 1 })));
  const turned = [L.permute({ dims: [3, 2, 1] }), L.batchNormalization({}), L.permute({ dims: [3, 2, 1] })];
  const data = uniform(7 * 6 * 4, 3, -1, 1);
  const expected = predict(randomize(sequential(IMAGE, ...turned)), data, [1, ...IMAGE]);
  const actual = await run(decode(await saveLayersModel(model)), data, [1, ...IMAGE]);
  expect(distance(actual, expected)).toBeLessThan(2e-6);
});

/** Two branches of every way of joining them, shared layers, and a model among the layers. */
function branching(): keras.LayersModel {
  const inner = keras.sequential({
    layers: [
      L.conv2d({ filters: 4, kernelSize: 3, padding: 'same', inputShape: [8, 8, 4], name: 'inner_conv' }),
      L.reLU({ maxValue: 6 }),
    ],
  });
  const input = keras.input({ shape: [8, 8, 3] });
  const stem = L.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(input) as keras.SymbolicTensor;
  const shared = L.depthwiseConv2d({ kernelSize: 3, padding: 'same' });
  const apply = (layer: Layer, ...values: keras.SymbolicTensor[]): keras.SymbolicTensor =>
    layer.apply(values.length === 1 ? (values[0] ?? []) : values) as keras.SymbolicTensor;
  const left = apply(shared, stem);
  const right = apply(shared, apply(inner, stem));
  const joined = [
    apply(L.add(), left, right, stem),
    apply(L.multiply(), left, right),
    apply(L.average(), left, right),
    apply(L.maximum(), left, right),
    apply(L.minimum(), left, stem),
  ];
  const features = apply(L.globalAveragePooling2d({}), apply(L.concatenate(), ...joined));
  return keras.model({
    inputs: input,
    outputs: apply(L.dense({ units: 3, activation: 'softmax' }), features),
  });
}

test('a functional model with branches, shared layers and a model inside gives what TensorFlow.js gives', async () => {
  expect(await agreement(branching(), [8, 8, 3], 257)).toBeLessThan(2e-6);
});

test('a sequential model gives what TensorFlow.js gives, and can be differentiated', async () => {
  const model = randomize(
    keras.sequential({
      layers: [
        L.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', inputShape: [9, 9, 3] }),
        L.batchNormalization({}),
        L.activation({ activation: 'relu' }),
        L.maxPooling2d({ poolSize: 2 }),
        L.flatten(),
        L.dropout({ rate: 0.5 }),
        L.dense({ units: 4 }),
      ],
    }),
  );
  const graph = decode(await saveLayersModel(model));
  expect(graph.inputs.map(({ shape }) => shape)).toEqual([['N', 9, 9, 3]]);
  expect(isDifferentiable(graph)).toEqual({ ok: true });
  // One transpose where images enter, one where they are flattened.
  expect(graph.nodes.filter(({ op }) => op === 'Transpose')).toHaveLength(2);
  const data = uniform(3 * 243, 5);
  expect(distance(await run(graph, data, [3, 9, 9, 3]), predict(model, data, [3, 9, 9, 3]))).toBeLessThan(
    2e-6,
  );
});

test('a Softmax over maps of one pixel is left out, as MobileNets end in it', async () => {
  const layers = [
    L.conv2d({ filters: 5, kernelSize: 3 }),
    L.globalAveragePooling2d({}),
    L.reshape({ targetShape: [1, 1, 5] }),
    L.conv2d({ filters: 4, kernelSize: 1 }),
  ];
  const ending = [L.activation({ activation: 'softmax' }), L.reshape({ targetShape: [4] })];
  const [bare, whole] = [sequential(IMAGE, ...layers), sequential(IMAGE, ...layers, ...ending)];
  const graph = adaptModel(decode(await saveLayersModel(whole)), { layout: 'nhwc' });
  expect(graph.nodes.some(({ op }) => op === 'Softmax')).toBe(false);
  expect(graph.outputs[0]?.shape).toEqual(['N', 4]);
  const data = uniform(168, 4);
  const channelsFirst = Float32Array.from(
    { length: 168 },
    (_, i) => data[(i % 42) * 4 + Math.floor(i / 42)] ?? 0,
  );
  const actual = await run(graph, channelsFirst, [1, 4, 7, 6]);
  expect(distance(actual, predict(bare, data, [1, ...IMAGE]))).toBeLessThan(2e-6);
});
