import type { Random } from '@unpair/numerics';
import type { ParameterSpec } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import { perPixel } from './part.js';
import type { Taps } from './taps.js';
import { blackTaps, byTaps } from './taps.js';
import type { Shape, Transform } from './transform.js';
import { transformed } from './transform.js';

/** How many changed copies of the image one gradient is the mean of. */
export function copiesOf(copies: number): ParameterSpec {
  return {
    type: 'integer',
    min: 1,
    max: 1000,
    default: copies,
    description: 'Changed copies of the input whose gradients are averaged.',
  };
}

const BLOCKS: ParameterSpec = {
  type: 'integer',
  min: 1,
  max: 32,
  default: 3,
  description: 'Blocks that the image is cut into each way.',
};

/** A stretch [first, end) of a side. */
interface Stretch {
  readonly first: number;
  readonly end: number;
}

/**
 * Structure invariance (SIA, Wang et al. 2023, arXiv 2309.14700): in each copy every block of the image is shifted, flipped,
 * turned, darkened or made noisy for itself.
 */
export const structure = transformed({ copies: copiesOf(20), blocks: BLOCKS }, (ascent) => {
  const { problem, parameters, random } = ascent;
  const noise = perPixel(problem.epsilon, problem);
  return Array.from({ length: numberOf(parameters, 'copies') }, () =>
    drawStructure(problem.shape, numberOf(parameters, 'blocks'), noise, random),
  );
});

/** What may happen to one block: where in it a pixel comes from, times how much. */
type Change = (height: number, width: number, random: Random) => BlockChange;

interface BlockChange {
  readonly scale?: number;
  readonly isNoisy?: boolean;
  from(y: number, x: number): readonly [number, number];
}

const CHANGES: readonly Change[] = [
  (height, _width, random) => {
    const by = random.integer(height);
    return { from: (y, x) => [(y + by) % height, x] };
  },
  (_height, width, random) => {
    const by = random.integer(width);
    return { from: (y, x) => [y, (x + by) % width] };
  },
  (height) => ({ from: (y, x) => [height - 1 - y, x] }),
  (_height, width) => ({ from: (y, x) => [y, width - 1 - x] }),
  (height, width) => ({ from: (y, x) => [height - 1 - y, width - 1 - x] }),
  (_height, _width, random) => ({ scale: random.uniform(), from: (y, x) => [y, x] }),
  () => ({ isNoisy: true, from: (y, x) => [y, x] }),
];

function drawStructure(shape: Shape, blocks: number, noise: number, random: Random): Transform {
  const [channels, height, width] = shape;
  const taps = blackTaps(shape, 1);
  const offset = new Float32Array(channels * height * width);
  const columns = stretches(width, blocks, random);
  for (const rows of stretches(height, blocks, random)) {
    for (const own of columns) {
      const change = CHANGES[random.integer(CHANGES.length)]?.(
        rows.end - rows.first,
        own.end - own.first,
        random,
      );
      if (change === undefined) continue;
      for (let y = rows.first; y < rows.end; y++) {
        for (let x = own.first; x < own.end; x++) {
          const [fromY, fromX] = change.from(y - rows.first, x - own.first);
          const to = y * width + x;
          taps.from[to] = (rows.first + fromY) * width + own.first + fromX;
          taps.weights[to] = change.scale ?? 1;
          if (change.isNoisy !== true) continue;
          for (let channel = 0; channel < channels; channel++) {
            offset[channel * height * width + to] = (2 * random.uniform() - 1) * noise;
          }
        }
      }
    }
  }
  return byTaps(taps, shape, offset);
}

/**
 * Block shuffle and rotation (BSR, Wang et al. 2024, arXiv 2308.10299): the image is cut into strips, which are rotated and
 * shuffled, and each again into pieces, which are shuffled.
 */
export const shuffledBlocks = transformed(
  {
    copies: copiesOf(20),
    blocks: BLOCKS,
    angle: {
      type: 'number',
      min: 0,
      max: 180,
      default: 24,
      description: 'Largest angle, in degrees, that a strip is rotated by.',
    },
  },
  ({ problem: { shape }, parameters, random }) =>
    Array.from({ length: numberOf(parameters, 'copies') }, () =>
      byTaps(
        drawShuffle(shape, numberOf(parameters, 'blocks'), numberOf(parameters, 'angle'), random),
        shape,
      ),
    ),
);

/** Draws the strips, lying or standing, their order and angles, and within each the order of its pieces. */
export function drawShuffle(shape: Shape, blocks: number, angle: number, random: Random): Taps {
  const [, height, width] = shape;
  const taps = blackTaps(shape, 4);
  const lying = random.integer(2) === 0;
  const [across, along] = lying ? [height, width] : [width, height];
  let placed = 0;
  for (const strip of shuffled(stretches(across, blocks, random), random)) {
    const thickness = strip.end - strip.first;
    const radians = ((2 * random.uniform() - 1) * angle * Math.PI) / 180;
    const order = shuffled(stretches(along, blocks, random), random).flatMap(({ first, end }) =>
      Array.from({ length: end - first }, (_, i) => first + i),
    );
    for (let i = 0; i < thickness; i++) {
      order.forEach((from, to) => {
        const target = lying ? (placed + i) * width + to : to * width + placed + i;
        const [across0, along0] = rotated(i, from, thickness, along, lying ? radians : -radians);
        tapBilinear(taps, target, [across0, along0], [thickness, along], (a, b) =>
          lying ? (strip.first + a) * width + b : b * width + strip.first + a,
        );
      });
    }
    placed += thickness;
  }
  return taps;
}

/** Where a point of a strip comes from when the strip is turned about its middle. */
function rotated(
  a: number,
  b: number,
  height: number,
  width: number,
  radians: number,
): readonly [number, number] {
  const [middleA, middleB] = [(height - 1) / 2, (width - 1) / 2];
  const [cosine, sine] = [Math.cos(radians), Math.sin(radians)];
  const [da, db] = [a - middleA, b - middleB];
  return [middleA + cosine * da + sine * db, middleB - sine * da + cosine * db];
}

/** Taps one pixel bilinearly; what lies outside is black. */
function tapBilinear(
  taps: Taps,
  target: number,
  [a, b]: readonly [number, number],
  [height, width]: readonly [number, number],
  at: (a: number, b: number) => number,
): void {
  const [low, left] = [Math.floor(a), Math.floor(b)];
  for (let corner = 0; corner < 4; corner++) {
    const [row, column] = [low + (corner >> 1), left + (corner & 1)];
    if (row < 0 || row >= height || column < 0 || column >= width) continue;
    taps.from[target * 4 + corner] = at(row, column);
    taps.weights[target * 4 + corner] = (1 - Math.abs(a - row)) * (1 - Math.abs(b - column));
  }
}

/** Cuts a side into `count` stretches at random places, each of a pixel at least; into fewer where it is shorter. */
export function stretches(side: number, count: number, random: Random): readonly Stretch[] {
  const places = Array.from({ length: side - 1 }, (_, i) => i + 1);
  const cuts = [
    0,
    ...shuffled(places, random)
      .slice(0, count - 1)
      .sort((a, b) => a - b),
    side,
  ];
  return cuts.slice(1).map((end, i) => ({ first: cuts[i] ?? 0, end }));
}

/** A copy in random order (Fisher and Yates). */
function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    const [a, b] = [mixed[last], mixed[other]];
    if (a !== undefined && b !== undefined) [mixed[last], mixed[other]] = [b, a];
  }
  return mixed;
}
