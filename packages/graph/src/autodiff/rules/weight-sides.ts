import type { Dim } from '../../graph.js';
import type { WindowAxis } from '../windows/geometry.js';

/** The two sides of a convolution, and the weight [M, C/g, ...] between them. */
export interface WeightSides {
  /** The side that the window slides over: [N,C,...]. */
  readonly outer: string;
  /** The side with one element for each window position: [N,M,...]. */
  readonly inner: string;
  /** Shape of `inner`. */
  readonly innerShape: readonly Dim[];
  readonly weight: string;
  readonly axes: readonly WindowAxis[];
  readonly groups: number;
}
