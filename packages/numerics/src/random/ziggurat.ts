/** Strips of equal area that cover the density of the normal distribution. */
const STRIPS = 256;
/** Where the lowest strip's rectangle ends and the tail begins. */
export const TAIL_START = 3.6541528853610088;
/** Area of a strip, for the unnormalised density exp(-x²/2). */
const STRIP_AREA = 0.00492867323399;
/** exp(-TAIL_START²/2). */
const DENSITY_AT_TAIL = 0.0012602859304985975;
/** Magnitudes are drawn with 23 bits and a sign: float32's own resolution within a strip. */
const MAGNITUDES = 2 ** 23;

/** Tables of the ziggurat method (Marsaglia and Tsang 2000), 256 strips. */
export interface Ziggurat {
  /** [256] a signed 24-bit magnitude below this is accepted at once. */
  readonly inside: Int32Array;
  /** [256] width of one magnitude step. */
  readonly step: Float64Array;
  /** [257] density at the strips' edges, rising to 1. */
  readonly density: Float64Array;
}

export const ziggurat: Ziggurat = buildTables();

function buildTables(): Ziggurat {
  const edge = new Float64Array(STRIPS + 1);
  const density = new Float64Array(STRIPS + 1);
  edge[0] = STRIP_AREA / DENSITY_AT_TAIL;
  edge[1] = TAIL_START;
  density[1] = DENSITY_AT_TAIL;
  for (let strip = 2; strip < STRIPS; strip++) {
    density[strip] = (density[strip - 1] ?? 0) + STRIP_AREA / (edge[strip - 1] ?? 1);
    edge[strip] = Math.sqrt(-2 * naturalLog(density[strip] ?? 1));
  }
  density[STRIPS] = 1;
  const strips = Array.from({ length: STRIPS }, (_, strip) => strip);
  return {
    inside: Int32Array.from(strips, (i) => Math.floor((MAGNITUDES * (edge[i + 1] ?? 0)) / (edge[i] ?? 1))),
    step: Float64Array.from(strips, (i) => (edge[i] ?? 0) / MAGNITUDES),
    density,
  };
}

/**
 * ln(x) for x in (0, 1], from the four operations alone. The language leaves `Math.log` to the platform's library;
 * this one rounds alike everywhere, and random streams must be the same on every machine.
 */
export function naturalLog(x: number): number {
  let mantissa = x;
  let halvings = 0;
  for (; mantissa < Math.SQRT1_2; halvings++) mantissa *= 2;
  const ratio = (mantissa - 1) / (mantissa + 1);
  const square = ratio * ratio;
  let sum = 0;
  for (let power = 27; power > 0; power -= 2) sum = sum * square + 1 / power;
  return 2 * ratio * sum - halvings * Math.LN2;
}
