import type { Node } from '@unpair/graph';
import { int, intsAttribute } from '@unpair/graph';

import type { GraphFacts } from './graph-facts.js';
import type { Writer } from './writer.js';

/** How the phases of an adjoint, which one convolution computes as channels, are spread over space. */
export interface Interleaving {
  /** The nodes that spread them. */
  readonly nodes: readonly Node[];
  readonly output: string;
  /** Phases along rows and columns. */
  readonly strides: readonly [number, number];
  /** Rows and columns of one phase. */
  readonly grid: readonly [number, number];
  /** Channels of the result; the convolution has each of them once a phase, one after another. */
  readonly channels: number;
}

/**
 * Finds what follows a convolution that is the input adjoint of one with strides, as the graph package writes it: columns are
 * interleaved by a transposition, then rows. `undefined` for any other convolution.
 */
export function findInterleaving(facts: GraphFacts, convolution: Node): Interleaving | undefined {
  const nodes: Node[] = [];
  let value = convolution.outputs[0] ?? '';
  const [, phases, ...grid] = facts.shapeOf(value) ?? [];
  for (const op of ['Reshape', 'Transpose', 'Reshape', 'Transpose', 'Reshape']) {
    const node = facts.onlyConsumer(value);
    if (node?.op !== op || node.inputs[0] !== value) return undefined;
    if (op === 'Transpose' && intsAttribute(node, 'perm')?.join() !== '0,2,1,3') return undefined;
    nodes.push(node);
    value = node.outputs[0] ?? '';
  }
  const [height, width] = grid;
  const [columns, rows] = [nodes[0], nodes[2]].map((node) => facts.shapeOf(node?.outputs[0] ?? ''));
  const [strideX, strideY] = [columns?.[1], rows?.[1]];
  const channels = facts.channelsOf(value);
  if (typeof height !== 'number' || typeof width !== 'number' || channels === undefined) return undefined;
  if (typeof strideX !== 'number' || typeof strideY !== 'number') return undefined;
  const isSpread =
    phases === channels * strideX * strideY &&
    columns?.slice(2).join() === [height * width, 1].join() &&
    rows?.slice(2).join() === [height, width * strideX].join() &&
    facts.shapeOf(value)?.slice(2).join() === [height * strideY, width * strideX].join();
  if (!isSpread) return undefined;
  return { nodes, output: value, strides: [strideY, strideX], grid: [height, width], channels };
}

/** The filters of one phase, [C,I,h,w], of those of all, [C·phases,I,h,w]. */
export function filterOfPhase(
  write: Writer,
  weight: string,
  [, ...rest]: readonly number[],
  { channels, strides: [rows, columns] }: Interleaving,
  phase: number,
): string {
  const shape = write.vector([channels, rows * columns, ...rest]);
  const split = write.plain('Reshape', [weight, shape], `${weight}/phases`);
  return write.plain('Gather', [split, write.number(phase)], `${weight}/phase`, { axis: int(1) });
}

/** Spreads blocked images of each phase over space: rows of blocks are copied whole. @returns the blocked image */
export function interleave(
  write: Writer,
  phases: readonly string[],
  { strides: [rows, columns], grid: [height, width], output }: Interleaving,
  { paddedChannels, block }: { readonly paddedChannels: number; readonly block: number },
): string {
  const joined = (values: readonly string[], length: number): string => {
    const flat = values.map((value) =>
      write.plain('Reshape', [value, write.vector([-1, length])], `${output}/parts`),
    );
    return flat.length === 1
      ? (flat[0] ?? '')
      : write.plain('Concat', flat, `${output}/joined`, { axis: int(1) });
  };
  const lines = Array.from({ length: rows }, (_, row) =>
    joined(phases.slice(row * columns, (row + 1) * columns), block),
  );
  const whole = joined(lines, width * columns * block);
  const shape = write.vector([-1, paddedChannels, height * rows, width * columns]);
  return write.plain('Reshape', [whole, shape], `${output}/blocked`);
}
