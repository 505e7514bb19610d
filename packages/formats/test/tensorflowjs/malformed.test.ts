import { ModelError } from '@unpair/graph';
import { describe, expect, test } from 'vitest';

import { seeded } from '../../../graph/test/support/random.js';
import { decodeTensorflowJs } from '../../src/index.js';

type Mutable = Record<string, unknown>;

interface LayerJson {
  name: string;
  class_name: string;
  config: Mutable;
  inbound_nodes: unknown[];
}

/** A small functional model: input → convolution → flattened → dense. */
function smallModel(): {
  json: {
    modelTopology: { model_config: { class_name: string; config: { layers: LayerJson[] } & Mutable } };
    weightsManifest: Mutable[];
  };
  bytes: Uint8Array;
} {
  const layer = (class_name: string, name: string, config: Mutable, from?: string): LayerJson => ({
    name,
    class_name,
    config: { name, ...config },
    inbound_nodes: from === undefined ? [] : [[[from, 0, 0, {}]]],
  });
  const layers = [
    layer('InputLayer', 'image', { batch_input_shape: [null, 4, 4, 1] }),
    layer(
      'Conv2D',
      'conv',
      { kernel_size: [3, 3], strides: [1, 1], padding: 'same', use_bias: false },
      'image',
    ),
    layer('Flatten', 'flat', {}, 'conv'),
    layer('Dense', 'dense', { units: 2, activation: 'softmax' }, 'flat'),
  ];
  const weights = [
    { name: 'conv/kernel', shape: [3, 3, 1, 2], dtype: 'float32' },
    { name: 'dense/kernel', shape: [32, 2], dtype: 'float32' },
    { name: 'dense/bias', shape: [2], dtype: 'float32' },
  ];
  return {
    json: {
      modelTopology: {
        model_config: {
          class_name: 'Model',
          config: {
            name: 'small',
            layers,
            input_layers: [['image', 0, 0]],
            output_layers: [['dense', 0, 0]],
          },
        },
      },
      weightsManifest: [{ paths: ['shard'], weights }],
    },
    bytes: new Uint8Array(4 * (18 + 64 + 2)),
  };
}

type Small = ReturnType<typeof smallModel>;

function errorOf(change: (model: Small) => Small): string {
  const model = smallModel();
  const { json, bytes } = change(model);
  try {
    decodeTensorflowJs(new TextEncoder().encode(JSON.stringify(json)), () => bytes);
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
  return 'no error';
}

/** The layer of that name, to be changed. */
function layerOf({ json }: Small, name: string): LayerJson {
  const layer = json.modelTopology.model_config.config.layers.find((candidate) => candidate.name === name);
  if (layer === undefined) throw new RangeError(name);
  return layer;
}

const weightsOf = ({ json }: Small): Mutable[] => json.weightsManifest[0]?.['weights'] as Mutable[];

describe('what is wrong with a model is one sentence', () => {
  test('nothing is wrong with the model that the others are made from', () => {
    expect(errorOf((model) => model)).toBe('no error');
  });

  test('not JSON, or not a model', () => {
    const decode = (text: string) => () =>
      decodeTensorflowJs(new TextEncoder().encode(text), () => new Uint8Array());
    expect(decode('{"format": ')).toThrow(/^the model file is not JSON: /);
    expect(decode('[]')).toThrow('model.modelTopology is missing: it must be the model, layers or graph');
    expect(decode('{"modelTopology": {"node": []}}')).toThrow(
      'model.weightsManifest is missing: it must be a list',
    );
  });

  const cases: readonly (readonly [string, (model: Small) => void, string | RegExp])[] = [
    [
      'an unknown layer',
      (model) => void (layerOf(model, 'flat').class_name = 'Lambda'),
      /^layer "flat" has class Lambda, which is not supported; supported are Conv2D, /,
    ],
    [
      'a missing weight',
      (model) => void weightsOf(model).pop(),
      'layer "dense" (Dense) has no weight "bias" in the manifest',
    ],
    [
      'a weight of another shape',
      (model) => void Object.assign(weightsOf(model)[1] ?? {}, { shape: [16, 4] }),
      'layer "dense" (Dense) has a kernel of shape [16, 4], which does not fit its input [N, 32]',
    ],
    [
      'an unknown element type',
      (model) => void Object.assign(weightsOf(model)[0] ?? {}, { dtype: 'complex64' }),
      'weight "conv/kernel" has element type "complex64", which is not supported; supported are float32, int32, bool',
    ],
    [
      'a weight that is there twice',
      (model) => void Object.assign(weightsOf(model)[1] ?? {}, { name: 'conv/kernel' }),
      'weight "conv/kernel" is in the manifest twice',
    ],
    [
      'a shape that no shard can hold',
      (model) => void Object.assign(weightsOf(model)[2] ?? {}, { shape: [1e9, 1e9] }),
      'weight "dense/bias" of shape [1000000000, 1000000000] needs 4000000000000000000 bytes, but its shards have 8 left of 336',
    ],
    [
      'an image that no machine can hold',
      (model) => void (layerOf(model, 'image').config['batch_input_shape'] = [null, 1e6, 1e6, 1]),
      'input "image" would have shape [N, 1000000, 1000000, 1], more than 2147483648 elements',
    ],
    [
      'a cycle',
      (model) => void (layerOf(model, 'conv').inbound_nodes = [[['flat', 0, 0, {}]]]),
      'layer "conv" (Conv2D) depends on its own result',
    ],
    [
      'a layer that is not there',
      (model) => void (layerOf(model, 'conv').inbound_nodes = [[['imag', 0, 0, {}]]]),
      'layer "conv" (Conv2D) takes output 0 of layer "imag", which the model does not have',
    ],
    [
      'an unknown activation',
      (model) => void (layerOf(model, 'dense').config['activation'] = 'snake'),
      /^layer "dense" \(Dense\) has activation "snake", which is not supported; supported are linear, relu, /,
    ],
    [
      'a config of another type',
      (model) => void (layerOf(model, 'conv').config['strides'] = 'two'),
      'model.modelTopology.model_config.config.layers[1].config.strides must be a whole number of at least 1, got "two"',
    ],
    [
      'images of whole numbers',
      (model) => void (layerOf(model, 'image').config['dtype'] = 'int32'),
      'model.modelTopology.model_config.config.layers[0].config.dtype must be "float32", got "int32"',
    ],
  ];
  test.each(cases)('%s', (_, change, sentence) => {
    const message = errorOf((model) => {
      change(model);
      return model;
    });
    if (typeof sentence === 'string') expect(message).toBe(sentence);
    else expect(message).toMatch(sentence);
  });

  test('a shard that is cut off', () => {
    expect(errorOf(({ json, bytes }) => ({ json, bytes: bytes.subarray(0, 100) }))).toBe(
      'weight "dense/kernel" of shape [32, 2] needs 256 bytes, but its shards have 28 left of 100',
    );
  });

  test('models within models without end', () => {
    let nested: Mutable = { class_name: 'Flatten', config: { name: 'flat' } };
    for (let depth = 0; depth < 60; depth++) {
      nested = { class_name: 'Sequential', config: { name: `model${depth}`, layers: [nested, nested] } };
    }
    const config = nested['config'] as Mutable;
    config['build_input_shape'] = [null, 4, 4, 1];
    expect(() =>
      decodeTensorflowJs({ modelTopology: nested, weightsManifest: [] }, () => new Uint8Array()),
    ).toThrow('models are nested more than 32 deep');
  });
});

describe('what is wrong with a graph is one sentence', () => {
  const node = (name: string, op: string, ...input: readonly string[]): object => ({
    name,
    op,
    input,
    attr: {},
  });
  const image = {
    ...node('x', 'Placeholder'),
    attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '4' }] } } },
  };
  const cases: readonly (readonly [string, readonly object[], string | RegExp])[] = [
    [
      'an unknown operator',
      [image, node('y', 'FFT', 'x')],
      /^node "y" has operator FFT, which is not supported; /,
    ],
    [
      'a cycle',
      [image, node('a', 'AddV2', 'x', 'b'), node('b', 'Relu', 'a'), node('c', 'Relu', 'b')],
      'node "b" (Relu) depends on its own result',
    ],
    [
      'no such node',
      [image, node('y', 'Relu', 'z')],
      'node "z" is taken as an input, but the model does not have it',
    ],
    ['no such output', [image, node('y', 'Relu', 'x:1')], 'node "y" (Relu) takes output 1 of node "x"'],
    ['two nodes of one name', [image, node('x', 'Relu', 'x')], 'node "x" is defined twice'],
    [
      'a constant without weight',
      [image, node('c', 'Const'), node('y', 'Mul', 'x', 'c')],
      'node "c" (Const) has no weight in the manifest',
    ],
    ['a missing input', [image, node('y', 'AddV2', 'x')], 'node "y" (AddV2) lacks its input 1'],
    ['no outputs', [], 'the model has no outputs'],
  ];
  test.each(cases)('%s', (_, nodes, sentence) => {
    const decode = () =>
      decodeTensorflowJs({ modelTopology: { node: nodes }, weightsManifest: [] }, () => new Uint8Array());
    if (typeof sentence === 'string') expect(decode).toThrow(new ModelError(sentence));
    else expect(decode).toThrow(sentence);
  });
});

/** Replaces one value somewhere in the JSON by something else. */
function mutate(value: unknown, next: () => number): unknown {
  const strange = [null, -1, 0, 1e9, 2.5, '', 'x', [], {}, true, [[]], 'valid', [1, 1]];
  if (typeof value !== 'object' || value === null || next() < 0.15) {
    return strange[Math.floor(next() * strange.length)];
  }
  const keys = Object.keys(value);
  const key = keys[Math.floor(next() * keys.length)];
  if (key === undefined) return null;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Mutable;
  copy[key] = mutate(copy[key], next);
  return copy;
}

/** Models that are changed at random; more by hand, at some thousands a second. */
const MUTATIONS = Number(process.env['UNPAIR_TFJS_MUTATIONS'] ?? 1500);

test('any change of the JSON or the bytes ends in a graph or in one sentence', () => {
  const next = seeded(20);
  const outcomes = { graph: 0, sentence: 0 };
  for (let round = 0; round < MUTATIONS; round++) {
    const { json, bytes } = smallModel();
    const cut = next() < 0.1 ? bytes.subarray(0, Math.floor(next() * bytes.length)) : bytes;
    try {
      decodeTensorflowJs(mutate(json, next), () => cut);
      outcomes.graph++;
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      expect(error.message).not.toContain('\n');
      outcomes.sentence++;
    }
  }
  expect(Math.min(outcomes.graph, outcomes.sentence)).toBeGreaterThan(20);
}, 600_000);
