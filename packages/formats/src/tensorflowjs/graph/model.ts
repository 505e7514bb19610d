import type { Dim, Graph } from '@unpair/graph';
import { ModelError } from '@unpair/graph';

import { ChannelsLastBuilder } from '../../channels-last/builder.js';
import type { Json } from '../json.js';
import type { Weight } from '../weights.js';
import type { NodeDef, Operand } from './node.js';
import { NodeCall, isValue, readNode } from './node.js';
import { OPERATORS } from './registry.js';

const PLACEHOLDER = 'Placeholder';
const CONSTANT = 'Const';

/**
 * Decodes a TensorFlow graph as TensorFlow.js' converter writes it: nodes as JSON, constants among the weights. Only
 * what the outputs need is read.
 * @param model model.json as a whole, for its signature
 * @throws {ModelError} naming the node whose operator is unknown, whose inputs do not fit, or that is in a cycle.
 */
export function decodeGraphModel(model: Json, weights: ReadonlyMap<string, Weight>): Graph {
  const nodes = readNodes(model.get('modelTopology').get('node'));
  const build = new ChannelsLastBuilder('model');
  const outputs = outputsOf(model, nodes);
  const results = new Map<string, Operand>();
  for (const node of needed(nodes, outputs)) {
    results.set(node.name, resultOf(node, { build, weights, results, model }));
  }
  return build.build(
    outputs.map(({ name, node }) => {
      const value = results.get(node);
      if (value !== undefined && isValue(value)) return [name, value];
      throw new ModelError(`output "${name}" is not float32`);
    }),
  );
}

function readNodes(json: Json): ReadonlyMap<string, NodeDef> {
  const nodes = new Map<string, NodeDef>();
  for (const entry of json.list()) {
    const node = readNode(entry);
    if (nodes.has(node.name)) throw new ModelError(`node "${node.name}" is defined twice`);
    nodes.set(node.name, node);
  }
  return nodes;
}

interface Output {
  readonly name: string;
  readonly node: string;
}

const signatureOf = (model: Json): Json => {
  const own = model.get('signature');
  return own.present ? own : model.get('userDefinedMetadata').get('signature');
};

/** Those of the signature; without one, the results that no node takes. */
function outputsOf(model: Json, nodes: ReadonlyMap<string, NodeDef>): readonly Output[] {
  const declared = signatureOf(model)
    .get('outputs')
    .or((json) => json.members(), []);
  const names = declared.map(([key, entry]) => entry.get('name').or((name) => name.string(), key));
  const taken = new Set([...nodes.values()].flatMap(({ inputs }) => inputs.map(({ node }) => node)));
  const ends = [...nodes.values()].filter(
    ({ name, op }) => !taken.has(name) && op !== CONSTANT && op !== 'NoOp',
  );
  const sources = names.length > 0 ? names : ends.map(({ name }) => name);
  if (sources.length === 0) throw new ModelError('the model has no outputs');
  return sources.map((source, i) => {
    const [node = ''] = source.split(':');
    if (!nodes.has(node)) throw new ModelError(`output "${source}" names no node of the model`);
    return { name: freeName(i === 0 ? 'logits' : `output_${i}`, nodes), node };
  });
}

function freeName(name: string, nodes: ReadonlyMap<string, NodeDef>): string {
  return nodes.has(name) ? freeName(`${name}_`, nodes) : name;
}

/** The nodes that the outputs need, each behind those that it takes results of. */
function needed(nodes: ReadonlyMap<string, NodeDef>, outputs: readonly Output[]): readonly NodeDef[] {
  const ordered: NodeDef[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const stack = outputs.map(({ node }) => node).reverse();
  for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
    const node = nodes.get(name);
    if (node === undefined)
      throw new ModelError(`node "${name}" is taken as an input, but the model does not have it`);
    if (state.get(name) !== undefined) {
      stack.pop();
      if (state.get(name) === 'open') ordered.push(node);
      state.set(name, 'done');
      continue;
    }
    state.set(name, 'open');
    for (const input of node.inputs) {
      if (state.get(input.node) === 'open') {
        throw new ModelError(
          `node "${input.node}" (${nodes.get(input.node)?.op ?? ''}) depends on its own result`,
        );
      }
      if (state.get(input.node) === undefined) stack.push(input.node);
    }
  }
  return ordered;
}

interface Decoding {
  readonly build: ChannelsLastBuilder;
  readonly weights: ReadonlyMap<string, Weight>;
  readonly results: ReadonlyMap<string, Operand>;
  readonly model: Json;
}

function resultOf(node: NodeDef, decoding: Decoding): Operand {
  const { build, weights, results, model } = decoding;
  if (node.op === PLACEHOLDER) return build.input(node.name, placeholderShape(node, model));
  if (node.op === CONSTANT) return constant(node, build, weights);
  const write = OPERATORS.get(node.op);
  if (write === undefined) {
    throw new ModelError(
      `node "${node.name}" has operator ${node.op}, which is not supported; supported are ${[...OPERATORS.keys()].join(', ')}`,
    );
  }
  const operands = node.inputs.map(({ node: source, output }) => {
    const operand = results.get(source);
    if (operand === undefined || output !== 0) {
      throw new ModelError(`node "${node.name}" (${node.op}) takes output ${output} of node "${source}"`);
    }
    return operand;
  });
  return write(new NodeCall(build, node, operands));
}

function constant(node: NodeDef, build: ChannelsLastBuilder, weights: ReadonlyMap<string, Weight>): Operand {
  const weight = weights.get(node.name);
  if (weight === undefined) throw new ModelError(`node "${node.name}" (Const) has no weight in the manifest`);
  const { tensor, integer } = weight;
  return integer ? { shape: tensor.shape, numbers: [...tensor.data] } : build.constant(node.name, tensor);
}

function placeholderShape(node: NodeDef, model: Json): readonly Dim[] {
  const type = node.attributes.get('dtype').get('type');
  if (type.present && type.value !== 'DT_FLOAT' && type.value !== 1) throw type.unless('DT_FLOAT');
  const own = node.attributes.get('shape').get('shape').get('dim');
  const dims = own.present ? own : signedShape(node, model);
  return dims.list().map((dim, axis) => {
    const size = dim.get('size').or((json) => json.integer(-1), -1);
    if (size === 0) throw dim.unless('a size of at least 1');
    return size === -1 ? (axis === 0 ? 'N' : `${node.name}_${axis}`) : size;
  });
}

function signedShape(node: NodeDef, model: Json): Json {
  const inputs = signatureOf(model)
    .get('inputs')
    .or((json) => json.members(), []);
  const signed = inputs.find(([, entry]) => entry.get('name').value === `${node.name}:0`);
  if (signed === undefined) throw new ModelError(`node "${node.name}" (Placeholder) does not say its shape`);
  return signed[1].get('tensorShape').get('dim');
}
