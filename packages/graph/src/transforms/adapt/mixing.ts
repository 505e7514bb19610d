import { intAttribute } from '../../attributes.js';
import type { Node } from '../../graph.js';
import { mixedAxes } from '../../mixed-axes.js';
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
  GatherElements: along(0),
  ScatterElements: along(0),
  ScatterND: always,
  Slice: ({ contents }) => contents[4]?.some((step) => typeof step !== 'number' || step < 0) === true,
  Trilu: ({ axis, rank }) => axis >= rank - 2,
  LayerNormalization: fromAxis,
  RMSNormalization: fromAxis,
  BatchNormalization: isElsewhere,
  Einsum: ({ count }) => count > 1,
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

/** Whether rows of a batch meet in a node. What changes only its size shows in the shape of the result. */
export function mixesRows(batched: BatchedNode): boolean {
  const { node, axis, rank, contents } = batched;
  const given = contents[1]?.every((one) => typeof one === 'number') === true ? contents[1] : undefined;
  const axes = mixedAxes(node, rank, given);
  if (axes === undefined || axes.some((one) => fromFront(one, rank) === axis)) return true;
  return Object.hasOwn(TESTS, node.op) && TESTS[node.op]?.(batched) === true;
}

function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
