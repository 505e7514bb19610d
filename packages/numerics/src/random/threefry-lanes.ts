import {
  i32,
  i32x4,
  kernelOf,
  local,
  repeat,
  type Code,
  type Kernel,
  type Local,
} from '../wasm/assembler.js';
import { BLOCK_WORDS, ROTATIONS } from './threefry.js';

/** Words that are generated at a time. */
export const RUN_WORDS = 256;

/*
 * Bytes of memory: four words of the key and their parity, four words of the counter, and what was generated.
 */
const KEY = 0;
const COUNTER = 32;
const OUT = 64;

let kernel: { readonly run: () => void; readonly words: Int32Array; readonly out: Int32Array } | undefined;

/**
 * What `threefry` generates of `RUN_WORDS` words, bit by bit, four blocks side by side: several times as fast.
 *
 * @param schedule what `expandKey` made of the key
 * @param counter [4] number of the first block, the low word a multiple of `RUN_WORDS / 4`; advanced past the blocks written
 * @param out [RUN_WORDS]
 */
export function threefryRun(schedule: Int32Array, counter: Int32Array, out: Int32Array): void {
  kernel ??= prepared(kernelOf({ integers: 1, vectors: 14, body: program() }));
  for (let word = 0; word <= BLOCK_WORDS; word++) kernel.words[KEY / 4 + word] = schedule[word] ?? 0;
  kernel.words.set(counter, COUNTER / 4);
  kernel.run();
  out.set(kernel.out);
  counter[0] = ((counter[0] ?? 0) + RUN_WORDS / BLOCK_WORDS) | 0;
  for (let word = 1; word < BLOCK_WORDS && counter[word - 1] === 0; word++)
    counter[word] = ((counter[word] ?? 0) + 1) | 0;
}

function prepared({ memory, run }: Kernel): NonNullable<typeof kernel> {
  return { run, words: new Int32Array(memory), out: new Int32Array(memory, OUT, RUN_WORDS) };
}

type Four = readonly [Local, Local, Local, Local];

/** The pointer, then vectors: each holds one word of four blocks in a row. */
function program(): Code {
  const pointer = local(0);
  const state: Four = [local(1), local(2), local(3), local(4)];
  const first: Four = [local(5), local(6), local(7), local(8)];
  const key = Array.from({ length: 5 }, (_, at) => local(9 + at));
  const spare = local(14);
  const keyAt = (at: number): Code => key[at % 5]?.get ?? [];
  const counters = first.flatMap((word, at) => [
    ...[...i32.at(COUNTER + 4 * at), ...i32x4.splat, ...keyAt(at), ...i32x4.add],
    ...(at === 0 ? [...i32x4.constant(0, 1, 2, 3), ...i32x4.add] : []),
    ...word.set,
  ]);
  const group = [
    ...state.flatMap((word, at) => [...(first[at]?.get ?? []), ...word.set]),
    ...[...first[0].get, ...i32x4.constant(4, 4, 4, 4), ...i32x4.add, ...first[0].set],
    ...rounds(state, keyAt),
    ...stored(state, pointer, spare),
    ...[...pointer.get, ...i32.constant(64), ...i32.add, ...pointer.set],
    ...[...pointer.get, ...i32.constant(4 * RUN_WORDS), ...i32.isBelow],
  ];
  const keys = key.flatMap((word, at) => [...i32.at(KEY + 4 * at), ...i32x4.splat, ...word.set]);
  return [...keys, ...counters, ...repeat(group)];
}

/** Twenty rounds, with a key injection after every fourth. */
function rounds([a, b, c, d]: Four, keyAt: (at: number) => Code): Code {
  return Array.from({ length: 20 }, (_, round) => {
    const [one, other] = ROTATIONS[round % 8] ?? [0, 0];
    const mixed =
      round % 2 === 0 ? [...mix(a, b, one), ...mix(c, d, other)] : [...mix(a, d, one), ...mix(c, b, other)];
    if (round % 4 !== 3) return mixed;
    const injection = (round + 1) / 4;
    const added = [a, b, c, d].flatMap((word, at) => [
      ...[...word.get, ...keyAt(injection + at), ...i32x4.add],
      ...(at === 3 ? [...i32.constant(injection), ...i32x4.splat, ...i32x4.add] : []),
      ...word.set,
    ]);
    return [...mixed, ...added];
  }).flat();
}

/** x += y; y = (y rotated to the left) ^ x. */
function mix(x: Local, y: Local, bits: number): Code {
  return [
    ...[...x.get, ...y.get, ...i32x4.add, ...x.set],
    ...[...y.get, ...i32.constant(bits), ...i32x4.shiftLeft],
    ...[...y.get, ...i32.constant(32 - bits), ...i32x4.shiftRight, ...i32x4.or],
    ...[...x.get, ...i32x4.xor, ...y.set],
  ];
}

/** Stores four blocks, which lie across the vectors, one after the other. */
function stored([a, b, c, d]: Four, pointer: Local, spare: Local): Code {
  const [evens, odds] = [
    [0, 4, 1, 5],
    [2, 6, 3, 7],
  ];
  const halves = (x: Local, y: Local, words: readonly number[] = []): Code => [
    ...x.get,
    ...y.get,
    ...i32x4.pick(...words),
  ];
  const block = (at: number, x: Local, y: Local, words: readonly number[]): Code => [
    ...[...pointer.get, ...x.get, ...y.get, ...i32x4.pick(...words), ...i32x4.store(OUT + 16 * at)],
  ];
  return [
    ...[...halves(a, b, evens), ...spare.set, ...halves(a, b, odds), ...a.set],
    ...[...halves(c, d, evens), ...b.set, ...halves(c, d, odds), ...c.set],
    ...[...block(0, spare, b, [0, 1, 4, 5]), ...block(1, spare, b, [2, 3, 6, 7])],
    ...[...block(2, a, c, [0, 1, 4, 5]), ...block(3, a, c, [2, 3, 6, 7])],
  ];
}
