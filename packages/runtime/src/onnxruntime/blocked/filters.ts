import { ints } from '@unpair/graph';

import type { ConvolutionPlan } from './convolution-plan.js';
import type { Writer } from './writer.js';

/**
 * Filters [O,I,h,w] in the order of the blocked kernels: [O/b, I/b, h, w, b of I, b of O], or [O/b, I, h, w, b of O] where
 * the input has no blocked channels or each filter one. The kernels want either declared as [O,I,h,w]. What is missing to whole
 * blocks is filled with zeros. Of constants all this is done when the graph is loaded.
 */
export function reorderFilter(write: Writer, value: string, plan: ConvolutionPlan, block: number): string {
  const { paddedOutputs, paddedInputs, kernel } = plan;
  const whole = padChannels(write, value, [plan.outputs, plan.inputs], [paddedOutputs, paddedInputs], 4);
  const inner = plan.readsBlocked && !plan.isDepthwise ? block : 1;
  const split = [paddedOutputs / block, block, paddedInputs / inner, inner, ...kernel];
  const parts = write.plain('Reshape', [whole, write.vector(split)], `${value}/split`);
  const turned = write.plain('Transpose', [parts], `${value}/turned`, { perm: ints([0, 2, 4, 5, 3, 1]) });
  const shape = [paddedOutputs, paddedInputs, ...kernel];
  return write.plain('Reshape', [turned, write.vector(shape)], `${value}/blocked`);
}

/** Adds zeros behind the first dimensions of a value of `rank` dimensions, from some sizes to others. */
export function padChannels(
  write: Writer,
  value: string,
  from: readonly number[],
  to: readonly number[],
  rank: number,
): string {
  if (from.every((size, axis) => size === to[axis])) return value;
  const ends = Array.from({ length: rank }, (_, axis) => (to[axis] ?? 0) - (from[axis] ?? 0));
  return write.plain('Pad', [value, write.vector([...ends.map(() => 0), ...ends])], `${value}/padded`);
}
