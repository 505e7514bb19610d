import { describeNode, floatAttribute, intAttribute, intsAttribute } from '../attributes.js';
import type { Attributes, Graph, Node, ValueType } from '../graph.js';
import { ModelError, int } from '../graph.js';
import { inferShapes } from '../shapes/infer.js';
import type { Tensor } from '../tensor.js';
import { float32, int64 } from '../tensor.js';
import { freshNames } from './fresh-names.js';

/** The operator set that {@link upgradeOpset} writes: the oldest with quantization for each channel. */
export const UPGRADED_OPSET = 13;

/** What an upgrade may use: constants that it adds, and the types of values. */
interface Upgrading {
  readonly opset: number;
  readonly types: ReadonlyMap<string, ValueType>;
  readonly constant: (hint: string, tensor: Tensor) => string;
}

type Upgrade = (node: Node, upgrading: Upgrading) => Node;

/**
 * Rewrites a graph of operator set 9 to 12 for operator set 13, in which axes, bounds and pads are inputs and no
 * longer attributes. Newer graphs are returned as they are.
 * @throws {ModelError} for a Softmax over several dimensions at once, which newer operator sets no longer have.
 */
export function upgradeOpset(graph: Graph): Graph {
  if (graph.opset >= UPGRADED_OPSET) return graph;
  const fresh = freshNames(graph);
  const initializers = new Map(graph.initializers);
  const upgrading: Upgrading = {
    opset: graph.opset,
    types: inferShapes(graph),
    constant: (hint, tensor) => {
      const name = fresh(hint);
      initializers.set(name, tensor);
      return name;
    },
  };
  const nodes = graph.nodes.map((node) => {
    const upgrade = node.domain === '' && Object.hasOwn(UPGRADES, node.op) ? UPGRADES[node.op] : undefined;
    return upgrade?.(node, upgrading) ?? node;
  });
  return { ...graph, opset: UPGRADED_OPSET, initializers, nodes };
}

function without(attributes: Attributes, ...names: readonly string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

/** Turns lists of integers from attributes into inputs behind the first; absent ones at the end are left out. */
function listsToInputs(...names: readonly string[]): Upgrade {
  return (node, { constant }) => {
    const lists = names.map((name) => intsAttribute(node, name));
    if (lists.every((list) => list === undefined)) return node;
    const added = lists.map((list, i) =>
      list === undefined ? '' : constant(`${node.name}_${names[i] ?? ''}`, int64([list.length], list)),
    );
    const inputs = [...node.inputs.slice(0, 1), ...added];
    return {
      ...node,
      inputs: inputs.slice(0, inputs.findLastIndex((name) => name !== '') + 1),
      attributes: without(node.attributes, ...names),
    };
  };
}

const pad: Upgrade = (node, upgrading) => {
  const upgraded = listsToInputs('pads')(node, upgrading);
  if (upgraded === node || node.attributes['value'] === undefined) return upgraded;
  const value = upgrading.constant(`${node.name}_value`, float32([], [floatAttribute(node, 'value', 0)]));
  return {
    ...upgraded,
    inputs: [...upgraded.inputs, value],
    attributes: without(upgraded.attributes, 'value'),
  };
};

const clip: Upgrade = (node, { constant }) => {
  const bounds = ['min', 'max'].map((name) =>
    node.attributes[name] === undefined
      ? ''
      : constant(`${node.name}_${name}`, float32([], [floatAttribute(node, name, 0)])),
  );
  if (bounds.every((name) => name === '')) return node;
  return {
    ...node,
    inputs: [...node.inputs.slice(0, 1), ...bounds],
    attributes: without(node.attributes, 'min', 'max'),
  };
};

const topK: Upgrade = (node, { constant }) => {
  const { k } = node.attributes;
  if (k?.kind !== 'int') return node;
  return {
    ...node,
    inputs: [...node.inputs.slice(0, 1), constant(`${node.name}_k`, int64([1], [k.value]))],
    attributes: without(node.attributes, 'k'),
  };
};

/** Its ratio matters in training alone. */
const dropout: Upgrade = (node) => ({ ...node, attributes: without(node.attributes, 'ratio') });

/** Older operator sets flatten at the axis, newer ones do not: over the last axis both are the same. */
const softmax: Upgrade = (node, { opset, types }) => {
  const rank = types.get(node.inputs[0] ?? '')?.shape.length ?? 0;
  const axis = intAttribute(node, 'axis', 1);
  if (axis !== -1 && axis !== rank - 1) {
    throw new ModelError(
      `${describeNode(node)} is over several dimensions at once, as in operator set ${opset}`,
    );
  }
  return { ...node, attributes: { ...node.attributes, axis: int(-1) } };
};

const axesToInput = listsToInputs('axes');

const UPGRADES: Readonly<Record<string, Upgrade>> = {
  Squeeze: axesToInput,
  Unsqueeze: axesToInput,
  ReduceSum: axesToInput,
  Split: listsToInputs('split'),
  Slice: listsToInputs('starts', 'ends', 'axes'),
  Pad: pad,
  Clip: clip,
  TopK: topK,
  Dropout: dropout,
  Softmax: softmax,
  LogSoftmax: softmax,
};
