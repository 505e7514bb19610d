import { describe, expect, test } from 'vitest';

import { ModelError } from '@unpair/graph';

import { decodeTflite } from '../../src/index.js';
import { int32, int8, table, tables, writeFlatbuffer } from './support/flatbuffer-writer.js';
import type { ModelSpec } from './support/model-writer.js';
import { float32Bytes, writeTflite } from './support/model-writer.js';
import { OPERATOR_MODELS, numbers } from './support/operator-models.js';

/** What decoding says about a file; `undefined` when it is accepted. Anything but a ModelError is a bug. */
function complaint(bytes: Uint8Array): string | undefined {
  try {
    decodeTflite(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
}

/** A convolution, and what is changed of it. */
const CONVOLUTION: ModelSpec = {
  tensors: [
    { shape: [1, 4, 4, 2] },
    { shape: [3, 3, 3, 2], data: float32Bytes(numbers(54)) },
    { shape: [1, 4, 4, 3] },
  ],
  operators: [
    { code: 3, inputs: [0, 1, -1], outputs: [2], options: [1, int8(0), int32(1), int32(1), int8(0)] },
  ],
  inputs: [0],
  outputs: [2],
};
const [INPUT, FILTER, RESULT] = CONVOLUTION.tensors as [
  ModelSpec['tensors'][0],
  ModelSpec['tensors'][0],
  ModelSpec['tensors'][0],
];
const [OPERATOR] = CONVOLUTION.operators as [ModelSpec['operators'][0]];
const options = (...fields: number[]): ModelSpec['operators'] => [
  {
    ...OPERATOR,
    options: [1, int8(fields[0] ?? 0), int32(fields[1] ?? 1), int32(fields[2] ?? 1), int8(fields[3] ?? 0)],
  },
];

const CASES: readonly (readonly [what: string, change: Partial<ModelSpec>, message: RegExp])[] = [
  ['another schema', { version: 2 }, /schema version 2, which is not 3/],
  [
    'an operator of no rule',
    { operators: [{ ...OPERATOR, code: 16 }] },
    /operator LSTM of tensor "t2" is not supported/,
  ],
  [
    'an operator of no name',
    { operators: [{ ...OPERATOR, code: 999 }] },
    /operator number 999 of tensor "t2"/,
  ],
  [
    'a tensor that is not there',
    { operators: [{ ...OPERATOR, inputs: [0, 9] }] },
    /name tensor 9, but there are 3/,
  ],
  [
    'a missing filter',
    { operators: [{ ...OPERATOR, inputs: [0, -1] }] },
    /CONV_2D of tensor "t2" lacks its input 1/,
  ],
  [
    'missing data',
    { tensors: [INPUT, { shape: [3, 3, 3, 2] }, RESULT] },
    /"t1".* is read before it is computed/,
  ],
  [
    'a cycle',
    { operators: [{ code: 19, inputs: [2], outputs: [2] }] },
    /"t2".* is read before it is computed/,
  ],
  ['a value computed twice', { operators: [OPERATOR, OPERATOR] }, /computes tensor "t2".* a second time/],
  [
    'too little data',
    { tensors: [INPUT, { ...FILTER, shape: [4, 3, 3, 2] }, RESULT] },
    /needs 288 bytes, its buffer has 216/,
  ],
  [
    'a filter for more channels',
    { tensors: [{ shape: [1, 4, 4, 1] }, FILTER, RESULT] },
    /filters of 2 channels for an input of 1/,
  ],
  [
    'a result of another size',
    { tensors: [INPUT, FILTER, { shape: [1, 9, 4, 3] }] },
    /"t2".* does not fit its operator, which gives \[N, 4, 4, 3\]/,
  ],
  [
    'huge sizes',
    { tensors: [{ shape: [1, 2 ** 31 - 1, 2 ** 31 - 1, 2] }, FILTER, RESULT] },
    /does not fit its operator/,
  ],
  [
    'negative sizes',
    { tensors: [{ shape: [1, -4, 4, 2] }, FILTER, RESULT] },
    /tensor 0 .* sizes of at least 1/,
  ],
  [
    'too many dimensions',
    { tensors: [{ shape: [1, 1, 1, 1, 1, 1, 1, 1, 1] }, FILTER, RESULT] },
    /up to 8 sizes/,
  ],
  ['a step of 0', { operators: options(0, 0, 1) }, /stride 0/],
  ['an unknown activation', { operators: options(0, 1, 1, 9) }, /fused activation 9, which is not supported/],
  [
    'a batch that moves',
    { tensors: [INPUT, FILTER, { shape: [3, 4, 4, 1] }] },
    /moves the batch out of the first dimension/,
  ],
  ['no inputs', { inputs: [] }, /one batch size as their first dimension; this file has no inputs/],
  ['an output that is constant', { outputs: [1] }, /"t1".* does not depend on its inputs/],
  [
    'integer inputs',
    { tensors: [{ ...INPUT, type: 'int32' }, FILTER, RESULT] },
    /must be float32, uint8 or int8/,
  ],
  [
    'activations of 16 bits',
    { tensors: [INPUT, { ...FILTER, type: 'int16' }, RESULT] },
    /is of type int16, which is not supported/,
  ],
  [
    'a scale of 0',
    { tensors: [{ ...INPUT, type: 'int8', scales: [0] }, FILTER, RESULT] },
    /scale 0, allowed are positive/,
  ],
  [
    'as many scales as it likes',
    { tensors: [{ ...INPUT, type: 'int8', scales: [1, 2] }, FILTER, RESULT] },
    /has 2 scales, allowed is one/,
  ],
];

describe('files that make no sense are refused in one sentence', () => {
  test.each(CASES)('%s', (_, change, message) => {
    expect(complaint(writeTflite({ ...CONVOLUTION, ...change }))).toMatch(message);
  });

  test('the unchanged file is accepted', () => {
    expect(complaint(writeTflite(CONVOLUTION))).toBeUndefined();
  });

  test('cut anywhere, a file says that it is damaged, or what of it is missing', () => {
    const bytes = writeTflite(CONVOLUTION);
    for (let length = 0; length < bytes.length - 8; length += 3) {
      expect(complaint(bytes.slice(0, length))).toMatch(/TFLite/);
    }
  });

  test('an input listed twice', () => {
    expect(complaint(writeTflite({ ...CONVOLUTION, inputs: [0, 0] }))).toMatch(/"t0".* listed twice/);
  });

  test('a hundred thousand references to one table are not followed', () => {
    const subgraph = table(...Array.from({ length: 100 }, () => undefined));
    const model = table(int32(3), tables(), {
      kind: 'tables',
      tables: Array.from({ length: 100_000 }, () => subgraph),
    });
    expect(complaint(writeFlatbuffer(model, 'TFL3'))).toMatch(/its parts overlap/);
  });
});

test('resizing back and forth does not fill the memory', () => {
  const sides = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? 4000 : 4001));
  const resizing: ModelSpec = {
    tensors: sides.map((side) => ({ shape: [1, side, side, 1] })),
    operators: sides.slice(1).map((_, i) => ({ code: 97, inputs: [i], outputs: [i + 1] })),
    inputs: [0],
    outputs: [sides.length - 1],
  };
  expect(complaint(writeTflite(resizing))).toMatch(/far more constants than it holds/);
});

/** Mutated files to try; a nightly run may set more. */
const MUTATIONS = Number(process.env['UNPAIR_TFLITE_MUTATIONS'] ?? 3000);

test(
  'mutated files are decoded or refused, never anything else',
  () => {
    const files = Object.values(OPERATOR_MODELS).map(writeTflite);
    let state = 20_261_124;
    const next = (limit: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    let refused = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      const bytes = (files[i % files.length] ?? new Uint8Array()).slice();
      const edits = 1 + next(4);
      for (let edit = 0; edit < edits; edit++) bytes[next(bytes.length)] = next(2) === 0 ? next(256) : 255;
      if (complaint(bytes) !== undefined) refused++;
    }
    expect(refused).toBeGreaterThan(MUTATIONS / 20);
  },
  10_000 + 20 * MUTATIONS,
);
