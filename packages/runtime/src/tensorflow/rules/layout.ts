import { intAttribute, intsAttribute, stringAttribute } from '@unpair/graph';
import type { DeviceTensor } from '../device.js';
import { broadcast, transpose } from '../movement.js';
import type { Rule, Rules } from '../rule.js';
import { outputShapes, required, result } from '../rule.js';
import { Value, channelsFirst } from '../value.js';

/** Operators that only change the shape. */
const reshape: Rule = (context) => (inputs) => {
  const [shape = []] = outputShapes(context, inputs);
  return [required(inputs, 0).reshaped(shape)];
};

/** Where one layout's order is the other's result, only the name of the layout changes. */
const transposeRule: Rule = (context) => {
  const { device, node } = context;
  return (inputs) => {
    const x = required(inputs, 0);
    const order = intsAttribute(node, 'perm') ?? [...x.shape.keys()].reverse();
    if (x.layout === 'channels-last') {
      const physical = order.map((axis) => channelsLastAxis(axis, x.shape.length));
      return result(context, x.dataType, transpose(device, x.tensor('channels-last'), physical));
    }
    const isToFirst = order.length > 2 && isSame(order, channelsFirst([...order.keys()]));
    if (isToFirst) {
      const relabelled = device.run('Identity', { x: x.tensor() });
      return result(context, x.dataType, relabelled, 'channels-last');
    }
    return result(context, x.dataType, transpose(device, x.tensor(), order));
  };
};

/** Where axis `axis` of [N,C,...] is in [N,...,C]. */
function channelsLastAxis(axis: number, rank: number): number {
  if (axis === 0) return 0;
  return axis === 1 ? rank - 1 : axis - 1;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, i) => value === b[i]);
}

const expand: Rule = (context) => (inputs) => {
  const { device } = context;
  const x = required(inputs, 0);
  const [shape = []] = outputShapes(context, inputs);
  if (shape.length === x.shape.length && shape.every((size, i) => size === x.shape[i])) return [x.alias()];
  return result(context, x.dataType, broadcast(device, x.tensor(), shape));
};

const tile: Rule = (context) => (inputs) => {
  const { device } = context;
  const x = required(inputs, 0);
  const reps = required(inputs, 1).numbers();
  // [a,b] repeated [m,n] times is [1,a,1,b] broadcast to [m,a,n,b].
  const spread = device.reshape(
    x.tensor(),
    x.shape.flatMap((size) => [1, size]),
  );
  const repeated = broadcast(
    device,
    spread,
    x.shape.flatMap((size, axis) => [reps[axis] ?? 1, size]),
  );
  const shape = x.shape.map((size, axis) => size * (reps[axis] ?? 1));
  return result(context, x.dataType, device.reshape(repeated, shape));
};

/** [N,C,H,W] → [N,C/b²,bH,bW]; `mode` says whether the blocks' places come before or after the channels. */
const depthToSpace: Rule = (context) => {
  const { device, node } = context;
  const b = intAttribute(node, 'blocksize', 1);
  const isCrd = stringAttribute(node, 'mode', 'DCR') === 'CRD';
  return (inputs) => {
    const x = required(inputs, 0);
    const [n = 0, c = 0, h = 0, w = 0] = x.shape;
    const depth = c / (b * b);
    const split = isCrd ? [n, depth, b, b, h, w] : [n, b, b, depth, h, w];
    const order = isCrd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
    const moved = transpose(device, device.reshape(x.tensor(), split), order);
    return result(context, x.dataType, device.reshape(moved, [n, depth, h * b, w * b]));
  };
};

/** [N,C,H,W] → [N,Cb²,H/b,W/b]. */
const spaceToDepth: Rule = (context) => {
  const { device, node } = context;
  const b = intAttribute(node, 'blocksize', 1);
  return (inputs) => {
    const x = required(inputs, 0);
    const [n = 0, c = 0, h = 0, w = 0] = x.shape;
    const split: DeviceTensor = device.reshape(x.tensor(), [n, c, h / b, b, w / b, b]);
    const moved = transpose(device, split, [0, 3, 5, 1, 2, 4]);
    return result(context, x.dataType, device.reshape(moved, [n, c * b * b, h / b, w / b]));
  };
};

/** The shape of the input, known without its elements. */
const shapeOf: Rule = ({ device, node }) => {
  return (inputs) => {
    const { shape } = required(inputs, 0);
    const start = intAttribute(node, 'start', 0);
    const end = intAttribute(node, 'end', shape.length);
    const sizes = shape.slice(start, end);
    return [
      Value.onHost(device, {
        dataType: 'int64',
        shape: [sizes.length],
        data: BigInt64Array.from(sizes, BigInt),
      }),
    ];
  };
};

const size: Rule =
  ({ device }) =>
  (inputs) => {
    const count = required(inputs, 0).shape.reduce((product, length) => product * length, 1);
    return [Value.onHost(device, { dataType: 'int64', shape: [], data: BigInt64Array.of(BigInt(count)) })];
  };

/** Operators that move elements without changing them, or look at shapes alone. */
export const layoutRules: Rules = {
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transposeRule,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Shape: shapeOf,
  Size: size,
};
