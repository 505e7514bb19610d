import type { Dim, Graph } from '@unpair/graph';
import { ModelError } from '@unpair/graph';

import { ChannelsLastBuilder } from '../../channels-last/builder.js';
import type { Value } from '../../channels-last/value.js';
import type { Json } from '../json.js';
import type { Weight } from '../weights.js';
import type { Call, Layer, Reference } from './calls.js';
import { keyOf, orderCalls, readLayer, readReferences } from './calls.js';
import { LayerWeights, WeightIndex } from './layer-weights.js';
import { LAYERS } from './registry.js';

const SEQUENTIAL = 'Sequential';
const MODELS: ReadonlySet<string> = new Set([SEQUENTIAL, 'Model', 'Functional']);
const INPUT_LAYER = 'InputLayer';
/** Models may be nested and used again, so that a short file can describe very many layers. */
const MOST_CALLS = 20_000;
const DEEPEST = 32;

/** What the whole decoding of one file shares. */
interface Writing {
  readonly build: ChannelsLastBuilder;
  readonly weights: WeightIndex;
  calls: number;
}

/**
 * Decodes the topology of a Keras model, sequential or functional.
 * @param topology `modelTopology` of model.json
 * @throws {ModelError} naming the layer that is unknown, lacks a weight, does not fit its input or is in a cycle.
 */
export function decodeLayersModel(topology: Json, weights: ReadonlyMap<string, Weight>): Graph {
  const nested = topology.either('model_config', 'modelConfig');
  const model = nested.present ? nested : topology;
  const name = model.get('config').get('name');
  const build = new ChannelsLastBuilder(name.or((json) => json.string(), 'model'));
  const declared = inputsOf(model);
  const inputs = declared.map((input) => build.input(input.name, input.shape));
  const writing: Writing = { build, weights: new WeightIndex(weights), calls: 0 };
  const outputs = writeModel(model, inputs, writing, []);
  const taken = new Set(declared.map((input) => input.name));
  return build.build(outputs.map((value, i) => [outputName(i, taken), value]));
}

function outputName(index: number, taken: ReadonlySet<string>): string {
  const name = index === 0 ? 'logits' : `output_${index}`;
  return taken.has(name) ? `${name}_` : name;
}

interface DeclaredInput {
  readonly name: string;
  readonly shape: readonly Dim[];
}

function inputsOf(model: Json): readonly DeclaredInput[] {
  const config = model.get('config');
  if (model.get('class_name').value === SEQUENTIAL) return [sequentialInput(model)];
  const layers = new Map(layersOf(model).map((layer) => [layer.name, layer]));
  return readReferences(config.get('input_layers')).map(({ layer }) => {
    const found = layers.get(layer);
    if (found === undefined) throw new ModelError(`input layer "${layer}" is not among the model's layers`);
    return declaredInput(layer, shapeJson(found.config), found.config);
  });
}

function sequentialInput(model: Json): DeclaredInput {
  const [first] = layersOf(model);
  if (first === undefined) throw new ModelError('the model has no layers');
  const isModel = MODELS.has(first.className);
  const name = first.className === INPUT_LAYER ? first.name : `${first.name}_input`;
  const own = shapeJson(first.config);
  if (own.present) return declaredInput(name, own, first.config);
  const built = model.get('config').get('build_input_shape');
  if (built.present) return declaredInput(name, built, first.config);
  const [inner] = isModel ? inputsOf(first.json) : [];
  if (inner !== undefined) return inner;
  throw own.unless('the shape of the input');
}

const shapeJson = (config: Json): Json =>
  config.either('batch_input_shape', 'batch_shape', 'batchInputShape');

/** The batch is open whatever the file says; layers do not depend on it. */
function declaredInput(name: string, shape: Json, config: Json): DeclaredInput {
  const dtype = config.get('dtype');
  if (typeof dtype.value === 'string' && dtype.value !== 'float32' && !dtype.value.includes('float16')) {
    throw dtype.unless('"float32"');
  }
  const [, ...rest] = shape.list();
  return {
    name,
    shape: ['N', ...rest.map((dim, axis) => (dim.present ? dim.integer(1) : `${name}_${axis + 1}`))],
  };
}

function layersOf(model: Json): readonly Layer[] {
  const config = model.get('config');
  const list = Array.isArray(config.value) ? config : config.get('layers');
  return list.list().map(readLayer);
}

function writeModel(
  model: Json,
  inputs: readonly Value[],
  writing: Writing,
  models: readonly string[],
): readonly Value[] {
  if (models.length > DEEPEST) throw new ModelError(`models are nested more than ${DEEPEST} deep`);
  const className = model.get('class_name').string();
  if (className === SEQUENTIAL) {
    return layersOf(model)
      .filter((layer) => layer.className !== INPUT_LAYER)
      .reduce((values, layer) => writeLayer(layer, values, writing, models), inputs);
  }
  if (!MODELS.has(className)) throw model.get('class_name').unless([...MODELS].join(', '));
  return writeFunctional(model, inputs, writing, models);
}

function writeFunctional(
  model: Json,
  inputs: readonly Value[],
  writing: Writing,
  models: readonly string[],
): readonly Value[] {
  const config = model.get('config');
  const values = new Map<string, readonly Value[]>();
  readReferences(config.get('input_layers')).forEach((reference, i) => {
    values.set(keyOf(reference), inputs.slice(i, i + 1));
  });
  const valueOf = ({ layer, node, tensor }: Reference): Value => {
    const value = values.get(keyOf({ layer, node }))?.[tensor];
    if (value === undefined) {
      throw new ModelError(`layer "${layer}" has no output ${tensor} of its application ${node}`);
    }
    return value;
  };
  const outputs = readReferences(config.get('output_layers'));
  const calls = callsOf(layersOf(model), outputs);
  for (const { layer, node, inputs: references } of orderCalls(calls, new Set(values.keys()))) {
    const results = writeLayer(layer, references.map(valueOf), writing, models);
    values.set(keyOf({ layer: layer.name, node }), results);
  }
  return outputs.map(valueOf);
}

/**
 * Every application of every layer. Applications of a model count from 1 where Keras counts the model itself as the
 * first, which shows in that nobody refers to its application 0.
 */
function callsOf(layers: readonly Layer[], outputs: readonly Reference[]): readonly Call[] {
  const references = [...layers.flatMap(({ nodes }) => nodes.flat()), ...outputs];
  const startAtZero = new Set(references.filter(({ node }) => node === 0).map(({ layer }) => layer));
  return layers
    .filter(({ className }) => className !== INPUT_LAYER)
    .flatMap((layer) => {
      const first = MODELS.has(layer.className) && !startAtZero.has(layer.name) ? 1 : 0;
      return layer.nodes.map((inputs, index): Call => ({ layer, node: first + index, inputs }));
    });
}

function writeLayer(
  layer: Layer,
  inputs: readonly Value[],
  writing: Writing,
  models: readonly string[],
): readonly Value[] {
  const { name, className, config, json } = layer;
  writing.calls += 1;
  if (writing.calls > MOST_CALLS) {
    throw new ModelError(`the model applies more than ${MOST_CALLS} layers`);
  }
  if (MODELS.has(className)) return writeModel(json, inputs, writing, [...models, name]);
  const place = `layer "${name}" (${className})`;
  const write = LAYERS.get(className);
  if (write === undefined) {
    throw new ModelError(
      `layer "${name}" has class ${className}, which is not supported; supported are ${[...LAYERS.keys()].join(', ')}`,
    );
  }
  const { build } = writing;
  const weights = new LayerWeights(place, (weight) => writing.weights.find(models, name, weight));
  return [write({ build, config, place, inputs, weights })];
}
