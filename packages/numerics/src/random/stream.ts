import type { Random } from './random.js';
import type { StreamId } from './stream-key.js';
import { streamKey } from './stream-key.js';
import { expandKey } from './threefry.js';
import { RUN_WORDS, threefryRun } from './threefry-lanes.js';
import { TAIL_START, naturalLog, ziggurat } from './ziggurat.js';

const WORDS = 2 ** 32;

/** The stream of one identity; two calls with the same identity draw the same numbers. */
export function createRandom(id: StreamId): Random {
  return new ThreefryStream(streamKey(id));
}

class ThreefryStream implements Random {
  readonly #schedule: Int32Array;
  readonly #counter = new Int32Array(4);
  readonly #words = new Int32Array(RUN_WORDS);
  #next = RUN_WORDS;

  constructor(key: Int32Array) {
    this.#schedule = expandKey(key);
  }

  uniform(): number {
    const high = this.#word() >>> 5;
    const low = this.#word() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  integer(below: number): number {
    if (!Number.isInteger(below) || below < 1 || below > WORDS) {
      throw new RangeError(`integer(below) takes an integer from 1 to 2^32, got ${below}`);
    }
    if (below === WORDS) return this.#word() >>> 0;
    // Unsigned words throughout, for which processors have a remainder and doubles have none.
    const divisor = below >>> 0;
    return this.#remainder(this.#word() >>> 0, divisor);
  }

  /** The remainder of a word, or of the first one after it that favours none. */
  #remainder(first: number, divisor: number): number {
    const safe = (0 - divisor) >>> 0;
    for (let word = first; ; word = this.#word() >>> 0) {
      // Words past the last whole multiple, which is beyond `safe`, would favour small remainders.
      if (word < safe || word - safe < divisor - (safe % divisor)) return word % divisor;
    }
  }

  fillIntegers(out: Uint32Array, below: number): void {
    // Checks `below`, and draws the words that need more thought.
    for (let filled = 0; filled < out.length;) {
      out[filled++] = this.integer(below);
      filled = this.#fillRemainders(out, filled, below >>> 0);
    }
  }

  /** `integer`'s common case over the words in hand, inline: reports draw hundreds of millions. Stops at other words. */
  #fillRemainders(out: Uint32Array, first: number, divisor: number): number {
    const words = this.#words;
    const safe = (0 - divisor) >>> 0;
    const end = Math.min(RUN_WORDS, this.#next + out.length - first);
    let filled = first;
    let next = this.#next;
    for (; next < end; next++) {
      const word = (words[next] ?? 0) >>> 0;
      if (word >= safe) break;
      out[filled++] = word % divisor;
    }
    this.#next = next;
    return filled;
  }

  shuffle(values: Float64Array): void {
    for (let left = values.length; left > 1; left--) {
      const word = this.#word() >>> 0;
      const at = word < (0 - left) >>> 0 ? word % left : this.#remainder(word, left);
      const value = values[left - 1] ?? 0;
      values[left - 1] = values[at] ?? 0;
      values[at] = value;
    }
  }

  normal(): number {
    for (;;) {
      const word = this.#word();
      const strip = word & 255;
      const magnitude = word >> 8;
      const value = (magnitude + 0.5) * (ziggurat.step[strip] ?? 0);
      // The exclusive or mirrors negative magnitudes, so that both signs are treated alike.
      if ((magnitude ^ (magnitude >> 31)) < (ziggurat.inside[strip] ?? 0)) return value;
      if (strip === 0) return value < 0 ? -this.#tail() : this.#tail();
      if (this.#underDensity(strip, value)) return value;
    }
  }

  fillNormal(out: Float32Array): void {
    for (let filled = 0; filled < out.length;) {
      filled = this.#fillFromBuffer(out, filled);
      if (filled < out.length) out[filled++] = this.normal();
    }
  }

  /**
   * `normal`'s common case over the words in hand, inline: an attack by random directions spends most of its own time
   * here. Stops at the first word that needs more thought; returns how many of `out` are filled.
   */
  #fillFromBuffer(out: Float32Array, first: number): number {
    const { inside, step } = ziggurat;
    const words = this.#words;
    let next = this.#next;
    let filled = first;
    for (; next < RUN_WORDS && filled < out.length; next++, filled++) {
      const word = words[next] ?? 0;
      const magnitude = word >> 8;
      if ((magnitude ^ (magnitude >> 31)) >= (inside[word & 255] ?? 0)) break;
      out[filled] = (magnitude + 0.5) * (step[word & 255] ?? 0);
    }
    this.#next = next;
    return filled;
  }

  /** Between a strip's inner rectangle and its outer edge: is a uniform height under the curve? */
  #underDensity(strip: number, value: number): boolean {
    const low = ziggurat.density[strip] ?? 0;
    const high = ziggurat.density[strip + 1] ?? 1;
    const height = low + this.uniform() * (high - low);
    return height < Math.exp(-0.5 * value * value);
  }

  /** A normal beyond the last strip, by Marsaglia's exponential rejection. */
  #tail(): number {
    for (;;) {
      const excess = -naturalLog(1 - this.uniform()) / TAIL_START;
      if (-2 * naturalLog(1 - this.uniform()) > excess * excess) return TAIL_START + excess;
    }
  }

  #word(): number {
    if (this.#next === RUN_WORDS) {
      threefryRun(this.#schedule, this.#counter, this.#words);
      this.#next = 0;
    }
    return this.#words[this.#next++] ?? 0;
  }
}
