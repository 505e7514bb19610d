import type { Tensor } from '@unpair/graph';
import { ModelError } from '@unpair/graph';

import type { ChannelsLastBuilder } from '../../channels-last/builder.js';
import type { Value } from '../../channels-last/value.js';
import type { Json } from '../json.js';
import type { LayerWeights } from './layer-weights.js';

/** One layer applied to its inputs. */
export interface LayerCall {
  readonly build: ChannelsLastBuilder;
  readonly config: Json;
  /** How messages name the layer: `layer "conv1" (Conv2D)`. */
  readonly place: string;
  readonly inputs: readonly Value[];
  readonly weights: LayerWeights;
}

/** Writes a layer of one class into the graph. */
export type LayerWriter = (call: LayerCall) => Value;

/** The input of a layer that takes one. @throws {ModelError} when it has none or several. */
export function onlyInput({ inputs, place }: LayerCall): Value {
  const [input, another] = inputs;
  if (input !== undefined && another === undefined) return input;
  throw new ModelError(`${place} has ${inputs.length} inputs instead of one`);
}

/** A layer's weight, where its config says that it has one. */
export function weightIf(call: LayerCall, flag: string, name: string): Tensor<'float32'> | undefined {
  const has = call.config.get(flag).or((json) => json.boolean(), true);
  return has ? call.weights.get(name) : undefined;
}

/** A pair that the config may write as one number. */
export function pair(json: Json, fallback: readonly [number, number] = [1, 1]): readonly [number, number] {
  if (!json.present) return fallback;
  if (!Array.isArray(json.value)) return [json.integer(1), json.integer(1)];
  const [first, second, ...more] = json.list().map((entry) => entry.integer(1));
  if (first === undefined || more.length > 0) throw json.unless('one or two whole numbers');
  return [first, second ?? first];
}

/** Name of an activation: a text, or an object with a class name (Keras 3). */
export function activationName(json: Json): string {
  if (!json.present) return 'linear';
  if (typeof json.value === 'string') return json.value.toLowerCase();
  const config = json.get('config');
  return (typeof config.value === 'string' ? config : json.get('class_name')).string().toLowerCase();
}

/** Whether images are [N,C,H,W] in this layer. */
export function isChannelsFirst({ config }: LayerCall): boolean {
  const format = config.either('data_format', 'dataFormat');
  const name = format.or((json) => json.string().toLowerCase(), 'channels_last');
  if (name === 'channels_first' || name === 'channelsfirst') return true;
  if (name === 'channels_last' || name === 'channelslast') return false;
  throw format.unless('channels_last or channels_first');
}
