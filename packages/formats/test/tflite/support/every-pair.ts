import { createHash } from 'node:crypto';

import { int8 } from './flatbuffer-writer.js';
import type { ModelSpec } from './model-writer.js';
import { int8Bytes } from './model-writer.js';

interface Steps {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Codes of the operators, and members of the union of their options. */
const ADDITIVE = { ADD: { code: 0, options: 11 }, SUB: { code: 41, options: 28 } } as const;

/** All 8-bit integers. */
const ALL_INT8 = Int8Array.from({ length: 256 }, (_, i) => i - 128);

/** A sum or difference of two 8-bit values, the first fed as floats [1,256,1,1], the second [1,1,1,256] constant. */
export function everyPair([op, [a, b, out]]: Sum): ModelSpec {
  const quantized = (shape: readonly number[], { scale, zeroPoint }: Steps) =>
    ({ type: 'int8', shape, scales: [scale], zeroPoints: [zeroPoint] }) as const;
  const [rows, table] = [
    [1, 256, 1, 1],
    [1, 256, 1, 256],
  ];
  const { code, options } = ADDITIVE[op];
  return {
    tensors: [
      { shape: rows },
      quantized(rows, a),
      { ...quantized([1, 1, 1, 256], b), data: int8Bytes(Array.from(ALL_INT8)) },
      quantized(table, out),
      { shape: table },
    ],
    operators: [
      { code: 114, inputs: [0], outputs: [1] },
      { code, inputs: [1, 2], outputs: [3], options: [options, int8(0)] },
      { code: 6, inputs: [3], outputs: [4] },
    ],
    inputs: [0],
    outputs: [4],
  };
}

/** What a sum is of: operator; scales and zero points of both operands and of the result. */
export type Sum = readonly [op: 'ADD' | 'SUB', steps: readonly [Steps, Steps, Steps]];

const steps = (scale: number, zeroPoint: number): Steps => ({ scale: Math.fround(scale), zeroPoint });

/** Sums whose rounding differs, by what is special about them. */
export const SUMS: Readonly<Record<string, Sum>> = {
  'near ties, as in MobileNet V2': ['ADD', [steps(0.1968, -3), steps(0.1761, 4), steps(0.1944, -1)]],
  'of equal scales, whose ties are exact': ['ADD', [steps(0.5, 0), steps(0.5, 7), steps(1, -2)]],
  'of odd halves': ['ADD', [steps(0.75, 1), steps(0.25, 0), steps(0.5, 0)]],
  'of very different scales': ['ADD', [steps(0.0003, 9), steps(0.2, -128), steps(0.21, 127)]],
  'that saturate': ['ADD', [steps(0.9, 0), steps(0.8, 0), steps(0.005, 0)]],
  differences: ['SUB', [steps(0.031, -5), steps(0.0171, 12), steps(0.0237, 3)]],
  'differences at exact ties': ['SUB', [steps(0.5, 0), steps(1.5, 7), steps(1, -2)]],
};

/** What is fed so that the first operand takes every value. */
export function everyValue([, [{ scale, zeroPoint }]]: Sum): Float32Array {
  return Float32Array.from(ALL_INT8, (x) => (x - zeroPoint) * scale);
}

/** SHA-256 of the integers that stand for a sum's results. */
export function digestOf([, [, , { scale, zeroPoint }]]: Sum, results: ArrayLike<number>): string {
  const integers = Int8Array.from(results, (value) => Math.round(value / scale) + zeroPoint);
  return createHash('sha256').update(integers).digest('hex');
}
