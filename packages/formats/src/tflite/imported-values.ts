import type { GraphBuilder, Tensor } from '@unpair/graph';

import type { FileTensor } from './model-file.js';

/** The values of a file that is being imported, as its operators read them and add to them. */
export interface ImportedValues {
  readonly builder: GraphBuilder;
  tensor(index: number): FileTensor;
  isConstant(index: number): boolean;
  /** Whether its first dimension is the batch; what is computed from constants alone has none. */
  isBatched(index: number): boolean;
  /** The real numbers of a value. @param permutation order in which a constant's axes are wanted. */
  real(index: number, permutation?: readonly number[]): string;
  /** The integers of an 8-bit value less its zero point, times a scale that need not be its own. */
  scaled(index: number, scale: number): string;
  /** Adds a constant. @throws {ModelError} when it is one too many for the file's size. */
  constant(tensor: Tensor): string;
  transpose(value: string, permutation?: readonly number[]): string;
}
