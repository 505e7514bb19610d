import { cosine } from '@unpair/numerics';

/** [C, H, W] */
type Shape = readonly [channels: number, height: number, width: number];

/** What two gradients have in common as pictures: which way their edges run, and where they are. */
export interface StructureLikeness {
  /** Cosine of their histograms of oriented gradients, 0 to 1; 0 where one has no edges. */
  readonly hogCosine: number;
  /** Share of the pixels on strong edges of either that are on those of both; 0 where one has no edges. */
  readonly edgeIou: number;
}

/** Directions that a histogram tells apart, over half a turn (Dalal and Triggs 2005). */
const BINS = 9;
/** Pixels of a cell each way, and of a small image's. */
const [CELL, SMALL_CELL, SMALL] = [8, 4, 64];
/** Share of the pixels that count as strong edges. */
const STRONG = 0.1;

/**
 * Likeness of two input gradients that their cosine does not see (after the two measures of TriQDef, Guesmi et al. 2025,
 * arXiv 2508.12132, whose cells and threshold are not known): both as maps of absolute values, summed over channels, and of
 * these the Sobel derivatives. Histograms are of their directions, weighed by their length, cell by cell, each cell of norm 1;
 * strong edges are the longest tenth.
 * @param a [C, H, W] flattened, as is b
 */
export function structureLikeness(a: Float32Array, b: Float32Array, shape: Shape): StructureLikeness {
  const [own, other] = [edgesOf(a, shape), edgesOf(b, shape)];
  return {
    hogCosine: cosine(histograms(own, shape), histograms(other, shape)),
    edgeIou: overlap(strongest(own), strongest(other)),
  };
}

/** Sobel derivatives of a map, [H·W] each. */
interface Edges {
  readonly length: Float32Array;
  /** In [0, 1) of half a turn. */
  readonly direction: Float32Array;
}

function edgesOf(gradient: Float32Array, [channels, height, width]: Shape): Edges {
  const map = new Float64Array(height * width);
  for (let i = 0; i < channels * map.length; i++) {
    const at = i % map.length;
    map[at] = (map[at] ?? 0) + Math.abs(gradient[i] ?? 0);
  }
  const clamp = (value: number, size: number): number => Math.min(size - 1, Math.max(0, value));
  const length = new Float32Array(map.length);
  const direction = new Float32Array(map.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // Beyond the border the map goes on as at the border.
      const at = (dy: number, dx: number): number =>
        map[clamp(y + dy, height) * width + clamp(x + dx, width)] ?? 0;
      const across = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1);
      const down = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1);
      length[y * width + x] = Math.hypot(across, down);
      const turn = Math.atan2(down, across) / Math.PI;
      direction[y * width + x] = (turn + 1) % 1;
    }
  }
  return { length, direction };
}

/** One histogram of directions for each cell, each of norm 1 or 0; a vote goes to the two nearest bins. */
function histograms({ length, direction }: Edges, [, height, width]: Shape): Float32Array {
  const cell = Math.max(height, width) > SMALL ? CELL : SMALL_CELL;
  const across = Math.ceil(width / cell);
  const all = new Float32Array(across * Math.ceil(height / cell) * BINS);
  for (let i = 0; i < length.length; i++) {
    const [y, x] = [Math.floor(i / width), i % width];
    const first = (Math.floor(y / cell) * across + Math.floor(x / cell)) * BINS;
    const place = (direction[i] ?? 0) * BINS;
    const bin = Math.floor(place);
    const share = place - bin;
    const [near, next] = [first + (bin % BINS), first + ((bin + 1) % BINS)];
    all[near] = (all[near] ?? 0) + (1 - share) * (length[i] ?? 0);
    all[next] = (all[next] ?? 0) + share * (length[i] ?? 0);
  }
  for (let first = 0; first < all.length; first += BINS) {
    const own = all.subarray(first, first + BINS);
    const size = Math.hypot(...own);
    if (size > 0) own.forEach((value, bin) => (own[bin] = value / size));
  }
  return all;
}

/** Pixels at which a map has its longest derivatives; none of a map without any. */
function strongest({ length }: Edges): ReadonlySet<number> {
  const ranked = [...length.keys()].sort((i, j) => (length[j] ?? 0) - (length[i] ?? 0) || i - j);
  const most = ranked.slice(0, Math.ceil(STRONG * ranked.length));
  return new Set(most.filter((at) => (length[at] ?? 0) > 0));
}

function overlap(one: ReadonlySet<number>, other: ReadonlySet<number>): number {
  const both = [...one].filter((pixel) => other.has(pixel)).length;
  const either = one.size + other.size - both;
  return either === 0 ? 0 : both / either;
}
