import { readFileSync } from 'node:fs';
import type { Graph } from '@unpair/graph';
import {
  GraphBuilder,
  ModelError,
  decodeModel,
  encodeModel,
  foldConstants,
  ints,
  isDifferentiable,
  summarizeModel,
} from '@unpair/graph';
import { expect, it } from 'vitest';
import { seeded } from '../support/random.js';
import { smallClassifier } from '../support/sample-graphs.js';

/** How many bytes are changed; `UNPAIR_FUZZ_BYTES` asks for more. */
const BYTES = Number(process.env['UNPAIR_FUZZ_BYTES'] ?? 1e6);
const SEED = Number(process.env['UNPAIR_FUZZ_SEED'] ?? 7);

const golden = (name: string): Uint8Array =>
  readFileSync(new URL(`../golden/architectures/${name}.onnx`, import.meta.url));

/** Small files of several kinds; the weights, which are most of a file, are left out where they are in the way. */
const originals = [
  encodeModel(smallClassifier()),
  encodeModel(withoutWeights(decodeModel(golden('attention.12')))),
  encodeModel(withoutWeights(decodeModel(golden('assortment.16')))),
  golden('mobilenet-v1.10'),
  integerModel(),
];

/** With the integer operators of onnxruntime's QOperator format. */
function integerModel(): Uint8Array {
  const b = new GraphBuilder('integers');
  const scale = b.scalar(0.1);
  const zero = b.initializer('zero', { dataType: 'uint8', shape: [], data: Uint8Array.of(9) });
  const own = [scale, zero];
  const filter = { dataType: 'uint8' as const, shape: [2, 3, 1, 1], data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  const q = b.node('QuantizeLinear', [b.input('x', 'float32', ['N', 3, 4, 4]), ...own]);
  const convolved = b.node('QLinearConv', [q, ...own, b.initializer('w', filter), ...own, ...own]);
  const pooled = b.node('MaxPool', [convolved], { kernel_shape: ints([2, 2]) });
  const sum = { op: 'QLinearAdd', domain: 'com.microsoft', name: 'sum', outputs: ['s'], attributes: {} };
  b.append({ ...sum, inputs: [pooled, ...own, pooled, ...own, ...own] });
  b.output(b.node('DequantizeLinear', ['s', ...own]), 'float32', ['N', 2, 3, 3]);
  return encodeModel(b.build());
}

/** Initializers of more than 64 elements become inputs. */
function withoutWeights(graph: Graph): Graph {
  const large = [...graph.initializers].filter(([, { data }]) => data.length > 64);
  const inputs = large.map(([name, { dataType, shape }]) => ({ name, dataType, shape }));
  const names = new Set(large.map(([name]) => name));
  return {
    ...graph,
    inputs: [...graph.inputs, ...inputs],
    initializers: new Map([...graph.initializers].filter(([name]) => !names.has(name))),
  };
}

it(`${BYTES} changed bytes end in a model or in one sentence`, { timeout: 120_000 + BYTES / 10 }, () => {
  const next = seeded(SEED);
  let [changed, refused, accepted] = [0, 0, 0];
  for (let round = 0; changed < BYTES; round++) {
    const original = originals[round % originals.length] ?? new Uint8Array();
    // Few changes reach far into the decoder, many change everything.
    const count = 2 ** Math.floor(next() * 11);
    changed += count;
    try {
      use(mutate(original, count, next));
      accepted++;
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      expect(error.message).toMatch(/^\P{Cc}{10,1100}$/u);
      refused++;
    }
  }
  expect(accepted).toBeGreaterThan(refused / 100);
  expect(refused).toBeGreaterThan(accepted / 10);
});

/** What the command line does with a model. */
function use(bytes: Uint8Array): void {
  const graph = decodeModel(bytes);
  summarizeModel(graph);
  isDifferentiable(foldConstants(graph));
  encodeModel(graph);
}

/** Flips and overwrites bytes, and moves a piece of the file elsewhere now and then. */
function mutate(original: Uint8Array, count: number, next: () => number): Uint8Array {
  const bytes = Uint8Array.from(original);
  for (let i = 0; i < count; i++) {
    const at = Math.floor(next() * bytes.length);
    const kind = next();
    if (kind < 0.5) bytes[at] = Math.floor(next() * 256);
    else if (kind < 0.9) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(next() * 8));
    else bytes.copyWithin(Math.floor(next() * bytes.length), at, at + Math.floor(next() * 16));
  }
  return next() < 0.05 ? bytes.subarray(0, Math.floor(next() * bytes.length)) : bytes;
}
