import { ModelError } from '@unpair/graph';

import type { Json } from '../json.js';

/** An output of a layer: of its `node`-th application, the `tensor`-th. */
export interface Reference {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
}

/** A layer as the file describes it. */
export interface Layer {
  readonly name: string;
  readonly className: string;
  readonly config: Json;
  /** What each application of the layer takes; empty for inputs. */
  readonly nodes: readonly (readonly Reference[])[];
  readonly json: Json;
}

/** One application of a layer. */
export interface Call {
  readonly layer: Layer;
  readonly node: number;
  readonly inputs: readonly Reference[];
}

export function readLayer(json: Json): Layer {
  const config = json.get('config');
  const named = json.get('name').present ? json.get('name') : config.get('name');
  return {
    name: named.string(),
    className: json.get('class_name').string(),
    config,
    nodes: json.get('inbound_nodes').or((nodes) => nodes.list().map(readNode), []),
    json,
  };
}

/** `[["conv1", 0, 0, {}], …]`, one such entry alone, or the arguments of Keras 3. */
function readNode(json: Json): readonly Reference[] {
  if (!Array.isArray(json.value)) return tensorsAmong(json.get('args'));
  const entries = json.list();
  if (typeof entries[0]?.value === 'string') return [readReference(json)];
  return entries.map(readReference);
}

/** `["conv1", 0, 0]`: name, application, output. */
function readReference(json: Json): Reference {
  const [name, node, tensor] = json.list();
  if (name === undefined || node === undefined || tensor === undefined) {
    throw json.unless('a reference [layer, node, tensor]');
  }
  return { layer: name.string(), node: node.integer(0), tensor: tensor.integer(0) };
}

/** One reference, or a list of them. */
export function readReferences(json: Json): readonly Reference[] {
  const entries = json.list();
  return typeof entries[0]?.value === 'string' ? [readReference(json)] : entries.map(readReference);
}

function tensorsAmong(json: Json): readonly Reference[] {
  if (Array.isArray(json.value)) return json.list().flatMap(tensorsAmong);
  if (json.get('class_name').value !== '__keras_tensor__') return [];
  return [readReference(json.get('config').get('keras_history'))];
}

export const keyOf = ({ layer, node }: Pick<Reference, 'layer' | 'node'>): string => `${node} ${layer}`;

/**
 * Brings applications of layers into an order in which each comes after what it takes.
 * @param given keys of what is there from the start: the inputs.
 * @throws {ModelError} for a reference to nothing, and for layers that take their own results.
 */
export function orderCalls(calls: readonly Call[], given: ReadonlySet<string>): readonly Call[] {
  const known = new Map(calls.map((call) => [keyOf({ layer: call.layer.name, node: call.node }), call]));
  const waiting = new Map<Call, number>();
  const readers = new Map<Call, Call[]>();
  for (const call of calls) {
    const needed = new Set<Call>();
    for (const input of call.inputs) {
      const key = keyOf(input);
      const source = known.get(key);
      if (source !== undefined) needed.add(source);
      else if (!given.has(key)) {
        throw new ModelError(
          `layer "${call.layer.name}" (${call.layer.className}) takes output ${input.node} of layer "${input.layer}", which the model does not have`,
        );
      }
    }
    waiting.set(call, needed.size);
    for (const source of needed) readers.set(source, [...(readers.get(source) ?? []), call]);
  }
  const ordered = calls.filter((call) => waiting.get(call) === 0);
  // The list grows while it is walked.
  for (const call of ordered) {
    for (const reader of readers.get(call) ?? []) {
      const left = (waiting.get(reader) ?? 0) - 1;
      waiting.set(reader, left);
      if (left === 0) ordered.push(reader);
    }
  }
  const stuck = calls.find((call) => (waiting.get(call) ?? 0) > 0);
  if (stuck === undefined) return ordered;
  throw new ModelError(`layer "${stuck.layer.name}" (${stuck.layer.className}) depends on its own result`);
}
