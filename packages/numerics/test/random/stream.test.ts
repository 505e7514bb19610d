import { createRandom } from '@unpair/numerics';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { expandKey, threefry } from '../../src/random/threefry.js';
import { RUN_WORDS, threefryRun } from '../../src/random/threefry-lanes.js';
import { naturalLog } from '../../src/random/ziggurat.js';

const id = { seed: 7, cell: 'full/int8/p-rgf', sample: 3 };

describe('threefry', () => {
  const hex = (words: Int32Array): string[] =>
    [...words].map((word) => (word >>> 0).toString(16).padStart(8, '0'));

  test.each([
    [[0, 0, 0, 0], [0, 0, 0, 0], '9c6ca96a e17eae66 fc10ecd4 5256a7d8'],
    [[-1, -1, -1, -1], [-1, -1, -1, -1], '2a881696 57012287 f6c7446e a16a6732'],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89],
      '59cd1dbb b8879579 86b5d00c ac8b6d84',
    ],
  ])('the authors’ known answer for counter %j', (counter, key, answer) => {
    const out = new Int32Array(4);
    threefry(expandKey(Int32Array.from(key)), Int32Array.from(counter), out);
    expect(hex(out).join(' ')).toBe(answer);
  });

  test('blocks are numbered: the second block of a run is the block of the next counter, across a carry', () => {
    const schedule = expandKey(Int32Array.of(1, 2, 3, 4));
    const run = new Int32Array(8);
    threefry(schedule, Int32Array.of(-1, 5, 0, 0), run);
    const block = new Int32Array(4);
    threefry(schedule, Int32Array.of(0, 6, 0, 0), block);
    expect(run.slice(4)).toEqual(block);
  });

  test('four lanes generate the same words, and count on across a carry', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 8, maxLength: 8 }), fc.boolean(), (words, carries) => {
        const schedule = expandKey(Int32Array.from(words.slice(0, 4)));
        const counter = Int32Array.from(words.slice(4));
        counter[0] = carries ? -64 : (counter[0] ?? 0) & -64;
        const [inLanes, inTurn] = [counter.slice(), counter.slice()];
        const [run, expected] = [new Int32Array(RUN_WORDS), new Int32Array(RUN_WORDS)];
        threefryRun(schedule, inLanes, run);
        threefry(schedule, inTurn, expected);
        expect([run, inLanes]).toEqual([expected, inTurn]);
      }),
    );
  });
});

describe('a stream', () => {
  test('is a function of seed, cell and sample, each of which changes all of it', () => {
    const draw = (change: Partial<typeof id>): number[] => {
      const random = createRandom({ ...id, ...change });
      return Array.from({ length: 8 }, () => random.integer(2 ** 32));
    };
    expect(draw({})).toEqual(draw({}));
    const streams = [
      {},
      { seed: 8 },
      { seed: 7 + 2 ** 32 },
      { sample: 4 },
      { cell: 'full/int8/p-rgg' },
      { cell: '' },
    ];
    const words = streams.flatMap(draw);
    expect(new Set(words).size).toBe(words.length);
  });

  test('fills and shuffles by the numbers that `integer` draws', () => {
    for (const below of [1, 7, 3_000_000_000, 2 ** 32]) {
      const [whole, single] = [createRandom(id), createRandom(id)];
      const out = new Uint32Array(300);
      whole.fillIntegers(out, below);
      expect([...out]).toEqual(Array.from(out, () => single.integer(below)));
      const values = Float64Array.from({ length: 300 }, (_, at) => at);
      const expected = values.slice();
      whole.shuffle(values);
      for (let last = 299; last > 0; last--) {
        const at = single.integer(last + 1);
        [expected[last], expected[at]] = [expected[at] ?? 0, expected[last] ?? 0];
      }
      expect(values).toEqual(expected);
    }
  });

  test('keeps its values for good', () => {
    const random = createRandom(id);
    const drawn = [random.uniform(), random.integer(1000), random.normal(), random.normal()];
    expect(drawn).toMatchInlineSnapshot(`
      [
        0.17039254535633852,
        410,
        0.16519732731150977,
        -0.32537754895569215,
      ]
    `);
  });

  test('refuses seeds that are no safe integers and empty ranges', () => {
    expect(() => createRandom({ ...id, seed: 0.5 })).toThrow('safe integer, got 0.5');
    expect(() => createRandom(id).integer(0)).toThrow('from 1 to 2^32, got 0');
  });

  test('fills arrays with the very numbers of single calls, whatever was drawn before', () => {
    fc.assert(
      fc.property(fc.nat(600), fc.nat(2000), (before, length) => {
        const [filling, calling] = [createRandom(id), createRandom(id)];
        for (let i = 0; i < before; i++) expect(filling.uniform()).toBe(calling.uniform());
        const filled = new Float32Array(length);
        filling.fillNormal(filled);
        expect(filled).toEqual(Float32Array.from({ length }, () => calling.normal()));
        expect(filling.uniform()).toBe(calling.uniform());
      }),
      { numRuns: 20 },
    );
  });
});

describe('distributions', () => {
  const draws = 400_000;

  test('normals have the moments, the tails and the distribution function of the normal law', () => {
    const values = new Float64Array(draws);
    const random = createRandom(id);
    for (let i = 0; i < draws; i++) values[i] = random.normal();
    const moment = (power: number): number => values.reduce((sum, x) => sum + x ** power, 0) / draws;
    // Six standard errors of each moment.
    const error = 6 / Math.sqrt(draws);
    expect(Math.abs(moment(1))).toBeLessThan(error);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(error * Math.sqrt(2));
    expect(Math.abs(moment(3))).toBeLessThan(error * Math.sqrt(15));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(error * Math.sqrt(96));
    const quantiles: [number, number][] = [
      [-3.090232, 0.001],
      [-1.281552, 0.1],
      [0, 0.5],
      [0.67449, 0.75],
      [2.326348, 0.99],
      [3.719016, 0.9999],
    ];
    for (const [at, share] of quantiles) {
      const below = values.reduce((count, x) => count + (x < at ? 1 : 0), 0) / draws;
      expect(Math.abs(below - share)).toBeLessThan(error * Math.sqrt(share * (1 - share)));
    }
  });

  test('uniforms fill equal cells equally and neighbours are uncorrelated', () => {
    const random = createRandom(id);
    const cells = new Float64Array(100);
    let previous = random.uniform();
    let product = 0;
    for (let i = 0; i < draws; i++) {
      const value = random.uniform();
      cells[Math.floor(value * 100)] = (cells[Math.floor(value * 100)] ?? 0) + 1;
      product += (value - 0.5) * (previous - 0.5);
      previous = value;
    }
    const chiSquare = cells.reduce((sum, count) => sum + (count - draws / 100) ** 2 / (draws / 100), 0);
    // 99 degrees of freedom: mean 99, standard deviation 14.
    expect(Math.abs(chiSquare - 99)).toBeLessThan(70);
    expect(Math.abs(product / draws)).toBeLessThan(6 / 12 / Math.sqrt(draws));
  });

  test('integers are unbiased where the range does not divide 2^32', () => {
    const random = createRandom(id);
    const below = 3 * 2 ** 30;
    let low = 0;
    // With plain remainders, the first third would be drawn half of the time.
    for (let i = 0; i < 30_000; i++) if (random.integer(below) < 2 ** 30) low++;
    expect(low / 30_000).toBeCloseTo(1 / 3, 1);
  });

  test('the logarithm agrees with the platform’s', () => {
    fc.assert(
      fc.property(fc.double({ min: 2 ** -60, max: 1, noNaN: true }), (x) => {
        expect(Math.abs(naturalLog(x) - Math.log(x))).toBeLessThanOrEqual(4e-16 * Math.max(1, -Math.log(x)));
      }),
    );
  });

  test('integers are the remainders of words below the last whole multiple, of any size', () => {
    for (const below of [
      1,
      2,
      3,
      7,
      100,
      65_537,
      2 ** 31,
      2 ** 31 + 1,
      3_000_000_000,
      2 ** 32 - 1,
      2 ** 32,
    ]) {
      const [whole, drawn] = [createRandom(id), createRandom(id)];
      const limit = 2 ** 32 - (2 ** 32 % below);
      for (let draw = 0; draw < 300; draw++) {
        let word = whole.integer(2 ** 32);
        while (word >= limit) word = whole.integer(2 ** 32);
        expect(drawn.integer(below)).toBe(word % below);
      }
    }
  });
});
