import { int, ints } from '../../graph.js';
import type { InputAdjoints, Pullback, RuleTable } from '../rule.js';
import { readWindowAxes } from '../windows/geometry.js';
import type { WindowAxis } from '../windows/geometry.js';
import { inputAdjoint } from './convolution-input.js';
import { weightAdjoint } from './convolution-weight.js';

/** Convolutions over any number of spatial axes, in groups. */
export const convolutionRules: RuleTable = { Conv: convolution, ConvTranspose: transposedConvolution };

function convolution(p: Pullback): InputAdjoints {
  const kernel = p.sizes(p.shape(1).slice(2));
  const axes = readWindowAxes(p, kernel, { outer: p.shape(0), positions: p.outputShape });
  const groups = p.int('group', 1);
  return [
    p.when(0, () => inputAdjoint(p, p.dy, p.input(1), axes, groups)),
    p.when(1, () =>
      weightAdjoint(p, {
        outer: p.x,
        inner: p.dy,
        innerShape: p.outputShape,
        weight: p.input(1),
        axes,
        groups,
      }),
    ),
    p.when(2, () => biasAdjoint(p, kernel.length)),
  ];
}

/**
 * A transposed convolution is the input adjoint of a convolution with the same weight [C, M/g, ...], so its own input
 * adjoint is that convolution.
 */
function transposedConvolution(p: Pullback): InputAdjoints {
  const kernel = p.sizes(p.shape(1).slice(2));
  const axes = readWindowAxes(p, kernel, { outer: p.outputShape, positions: p.shape(0) });
  const groups = p.int('group', 1);
  return [
    p.when(0, () => convolve(p, axes, groups)),
    p.when(1, () =>
      weightAdjoint(p, { outer: p.dy, inner: p.x, innerShape: p.shape(0), weight: p.input(1), axes, groups }),
    ),
    p.when(2, () => biasAdjoint(p, kernel.length)),
  ];
}

function convolve(p: Pullback, axes: readonly WindowAxis[], groups: number): string {
  return p.emit.op('Conv', [p.dy, p.input(1)], {
    strides: ints(axes.map(({ stride }) => stride)),
    dilations: ints(axes.map(({ dilation }) => dilation)),
    pads: ints([...axes.map(({ begin }) => begin), ...axes.map(({ end }) => Math.max(end, 0))]),
    kernel_shape: ints(axes.map(({ kernel }) => kernel)),
    group: int(groups),
  });
}

function biasAdjoint(p: Pullback, spatialRank: number): string {
  return p.emit.reduceSum(p.dy, [0, ...Array.from({ length: spatialRank }, (_, axis) => axis + 2)], false);
}
