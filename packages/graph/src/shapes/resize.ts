import { intsAttribute, stringAttribute } from '../attributes.js';
import type { Dim } from '../graph.js';
import { floorDivide, multiplyDims } from './dim.js';
import type { NodeContext, ShapeRule, ShapeRules } from './rule.js';
import { dimAt, nodeError, numbersOf, requireInput, resolveAxis, showShape } from './rule.js';

/** [..] → the same with other sizes, from `scales` or `sizes`. Operator set 10 has its scales as the second input. */
const resize: ShapeRule = (context) => {
  const { node, inputs, opset } = context;
  const { dataType, shape } = requireInput(context, 0);
  const at = opset < 11 ? 1 : 2;
  const axes = (intsAttribute(node, 'axes') ?? [...shape.keys()]).map((axis) =>
    resolveAxis(node, axis, shape.length),
  );
  if (stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
    throw nodeError(node, 'keeps the aspect ratio, which is not supported');
  }
  const isBySize = inputs[at + 1] !== undefined;
  const targets = isBySize ? context.contents[at + 1] : scaledSizes(context, at, shape, axes);
  if (targets?.length !== axes.length) {
    throw nodeError(node, `takes its ${isBySize ? 'sizes' : 'scales'} from a value that is not constant`);
  }
  const result = [...shape];
  axes.forEach((axis, i) => {
    result[axis] = targets[i] ?? 1;
  });
  if (result.some((dim) => typeof dim === 'number' && dim < 0)) {
    throw nodeError(node, `resizes ${showShape(shape)} to ${showShape(result)}`);
  }
  return [{ dataType, shape: result }];
};

/** Operator set 9: scales only. */
const upsample: ShapeRule = (context) => {
  const { dataType, shape } = requireInput(context, 0);
  const sizes = scaledSizes(
    context,
    1,
    shape,
    shape.map((_, axis) => axis),
  );
  if (sizes?.length !== shape.length) {
    throw nodeError(context.node, 'takes its scales from a value that is not constant');
  }
  return [{ dataType, shape: sizes }];
};

function scaledSizes(
  context: NodeContext,
  index: number,
  shape: readonly Dim[],
  axes: readonly number[],
): readonly Dim[] | undefined {
  return numbersOf(context, index)?.map((scale, i) => scaleDim(dimAt(shape, axes[i] ?? 0), scale));
}

/** Sizes that are known only at run time scale by whole numbers and their reciprocals. */
function scaleDim(dim: Dim, scale: number): Dim {
  if (typeof dim === 'number') return Math.floor(Math.fround(dim * scale));
  if (Number.isInteger(scale)) return multiplyDims(dim, scale);
  return Number.isInteger(1 / scale) ? floorDivide(dim, 1 / scale) : `floor(${dim}*(${scale}))`;
}

/** Operators that sample a tensor on another grid. */
export const resizeRules: ShapeRules = { Resize: resize, Upsample: upsample };
