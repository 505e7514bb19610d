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
  const [height, width] = kernel;
  const taps = height * width;
  const rows = write.vector([paddedOutputs / block, block, paddedInputs * taps]);
  const flat = write.plain('Reshape', [whole, rows], `${value}/rows`);
  const turned = write.plain('Transpose', [flat], `${value}/turned`, { perm: ints([0, 2, 1]) });
  const isWhole = taps === 1 || plan.isDepthwise || !plan.readsBlocked;
  const shape = write.vector([paddedOutputs, paddedInputs, height, width]);
  const ordered = isWhole ? turned : blockInputs(write, turned, taps, block);
  return write.plain('Reshape', [ordered, shape], `${value}/blocked`);
}

/** [… I/b, b of I, taps, b of O] with the taps before the inputs of a block. */
function blockInputs(write: Writer, value: string, taps: number, block: number): string {
  const parts = write.plain('Reshape', [value, write.vector([-1, block, taps, block])], `${value}/parts`);
  return write.plain('Transpose', [parts], `${value}/ordered`, { perm: ints([0, 2, 1, 3]) });
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
