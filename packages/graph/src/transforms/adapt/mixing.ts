import { intAttribute, intsAttribute } from '../../attributes.js';
import type { Node } from '../../graph.js';
import type { Contents } from '../../shapes/rule.js';

/** A node that takes rows of a batch along one axis of its input. */
export interface BatchedNode {
  readonly node: Node;
  /** The axis of the batch in the first input that has one, and that input's rank. */
  readonly axis: number;
  readonly rank: number;
  /** How many of the inputs have the batch. */
  readonly count: number;
  /** What each input holds, where that is known. */
  readonly contents: readonly (Contents | undefined)[];
}

type Test = (batched: BatchedNode) => boolean;

const along =
  (fallback: number): Test =>
  ({ node, axis, rank }) =>
    fromFront(intAttribute(node, 'axis', fallback), rank) === axis;
/** Normalizes over all axes from one on. */
const fromAxis: Test = ({ node, axis, rank }) => fromFront(intAttribute(node, 'axis', -1), rank) <= axis;
const isElsewhere: Test = ({ axis }) => axis !== 0;
const always: Test = () => true;

/** When an operator's answer for one row depends on the others although its result has a batch as before. */
const TESTS: Readonly<Record<string, Test>> = {
  Softmax: along(-1),
  LogSoftmax: along(-1),
  Hardmax: along(-1),
  LpNormalization: along(-1),
  GatherElements: along(0),
  ScatterElements: along(0),
  ScatterND: always,
  CumSum: ({ axis, rank, contents }) => fromFront(Number(contents[1]?.[0] ?? axis), rank) === axis,
  Slice: ({ contents }) => contents[4]?.some((step) => typeof step !== 'number' || step < 0) === true,
  Trilu: ({ axis, rank }) => axis >= rank - 2,
  LayerNormalization: fromAxis,
  RMSNormalization: fromAxis,
  MeanVarianceNormalization: ({ node, axis, rank }) =>
    (intsAttribute(node, 'axes') ?? [0, 2, 3]).some((one) => fromFront(one, rank) === axis),
  BatchNormalization: ({ node, axis }) => axis !== 0 || intAttribute(node, 'training_mode', 0) === 1,
  Einsum: ({ count }) => count > 1,
  // Its scale is that of the whole tensor.
  DynamicQuantizeLinear: always,
  ...Object.fromEntries(
    [
      ...['Conv', 'ConvTranspose', 'MaxPool', 'AveragePool', 'LpPool', 'LRN', 'DepthToSpace', 'SpaceToDepth'],
      ...[
        'GlobalAveragePool',
        'GlobalMaxPool',
        'GlobalLpPool',
        'InstanceNormalization',
        'GroupNormalization',
      ],
    ].map((op) => [op, isElsewhere]),
  ),
};

/** Whether rows of a batch meet in a node. What changes the batch's size is not asked for here. */
export function mixesRows(batched: BatchedNode): boolean {
  const { op } = batched.node;
  return Object.hasOwn(TESTS, op) && TESTS[op]?.(batched) === true;
}

function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
