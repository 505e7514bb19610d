/** Sampling along one axis of `size` elements at `count` positions. */
export interface Grid {
  readonly axis: number;
  readonly size: number;
  readonly count: number;
  /** How much finer the new grid is. */
  readonly scale: number;
}

/** Where on the old axis each new position lies. */
export type Sample = (position: number) => number;

/** The coordinate modes of the ONNX specification; undefined for others. */
export function sampleAt({ size, count, scale }: Grid, mode: string): Sample | undefined {
  const halfPixel: Sample = (i) => (i + 0.5) / scale - 0.5;
  switch (mode) {
    case 'half_pixel':
      return halfPixel;
    case 'pytorch_half_pixel':
      return count > 1 ? halfPixel : () => 0;
    case 'half_pixel_symmetric': {
      const offset = (size / 2) * (1 - count / (scale * size));
      return (i) => offset + halfPixel(i);
    }
    case 'align_corners':
      return count > 1 ? (i) => (i * (size - 1)) / (count - 1) : () => 0;
    case 'asymmetric':
      return (i) => i / scale;
    case 'tf_half_pixel_for_nn':
      return (i) => (i + 0.5) / scale;
    default:
      return undefined;
  }
}

const ROUNDINGS: Readonly<Record<string, (x: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
};

/** The old element that each new position takes. The runtimes compute in float32, whose rounding decides ties. */
export function nearestIndices({ size, count }: Grid, sample: Sample, mode: string): readonly number[] {
  const round = ROUNDINGS[mode] ?? Math.floor;
  return Array.from({ length: count }, (_, i) => clamp(round(Math.fround(sample(i))), size));
}

/** How elements between positions are weighted. */
export interface Interpolation {
  readonly cubic: boolean;
  /** The free parameter of cubic convolution (Keys, 1981). */
  readonly coefficient: number;
  /** Whether elements beyond the edge count for nothing, or are like the edge. */
  readonly excludesOutside: boolean;
}

/** Weights [count, size] of the old elements in the new ones; each row adds up to 1. */
export function weightMatrix(
  { size, count }: Grid,
  sample: Sample,
  interpolation: Interpolation,
): Float32Array {
  const weights = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const at = sample(i);
    const left = Math.floor(at);
    const taps = tapWeights(at - left, interpolation).map(([offset, weight]) => ({
      position: left + offset,
      weight,
    }));
    const isInside = (position: number): boolean => position >= 0 && position < size;
    const counted = interpolation.excludesOutside ? taps.filter((tap) => isInside(tap.position)) : taps;
    const total = counted.reduce((sum, { weight }) => sum + weight, 0);
    for (const { position, weight } of counted) {
      const column = clamp(position, size);
      weights[i * size + column] = (weights[i * size + column] ?? 0) + weight / total;
    }
  }
  return weights;
}

/** Offsets and weights of the elements around a position `t` of the way from one to the next. */
function tapWeights(
  t: number,
  { cubic, coefficient: a }: Interpolation,
): readonly (readonly [number, number])[] {
  if (!cubic) {
    return [
      [0, 1 - t],
      [1, t],
    ];
  }
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [
    [-1, far(1 + t)],
    [0, near(t)],
    [1, near(1 - t)],
    [2, far(2 - t)],
  ];
}

function clamp(position: number, size: number): number {
  return Math.min(Math.max(position, 0), size - 1);
}
