/**
 * Writes what LiteRT computes of the development models and of one small model for each operator, which the tests compare with:
 *
 *     npm install --prefix FOLDER --ignore-scripts @litertjs/core@2.5.3
 *     node --conditions=source --import tsx packages/formats/scripts/generate-golden.ts FOLDER MODELS
 *
 * MODELS is the folder of the .tflite files. LiteRT is no dependency: its package is large, and made for browsers.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readTfliteModel } from '../src/tflite/model-file.js';
import { SUMS, digestOf, everyPair, everyValue } from '../test/tflite/support/every-pair.js';
import { pictures } from '../test/tflite/support/images.js';
import { writeTflite } from '../test/tflite/support/model-writer.js';
import { OPERATOR_MODELS, numbers } from '../test/tflite/support/operator-models.js';
import { withOutput } from '../test/tflite/support/redirect.js';
import type { Numbers } from './litert.js';
import { openLiteRt } from './litert.js';

const COUNT = 4;
const MODELS = [
  'cifar10-resnet8-float',
  'cifar10-resnet8-int8',
  'mobilenet_v1_0.25_128_quant',
  'tf2_mobilenet_v2_1.0_224_ptq',
];

const [folder = '', models = ''] = process.argv.slice(2);
const interpret = await openLiteRt(folder);

for (const name of MODELS) {
  const bytes = new Uint8Array(readFileSync(join(models, `${name}.tflite`)));
  const { tensors, inputs, operators } = readTfliteModel(bytes);
  const input = tensors[inputs[0] ?? -1];
  const tensor = operators.findLast(({ op }) => op === 'SOFTMAX')?.inputs[0] ?? -1;
  const logits = tensors[tensor];
  if (input === undefined || logits === undefined) throw new RangeError(`${name} has no softmax`);
  const size = input.shape[1] ?? 0;
  const pixels = pictures(COUNT, size);
  const rows: number[][] = [];
  for (let image = 0; image < COUNT; image++) {
    const own = pixels.subarray(image * size * size * 3, (image + 1) * size * size * 3);
    const [row] = await interpret(withOutput(bytes, tensor), [asType(own, input.type)]);
    rows.push(Array.from(row ?? []));
  }
  const [scale = 1] = logits.quantization?.scales ?? [];
  const [zeroPoint = 0] = logits.quantization?.zeroPoints ?? [];
  const golden = { tensor, scale, zeroPoint, rows };
  const path = new URL(`../test/tflite/golden/${name}.golden.json`, import.meta.url);
  writeFileSync(path, `${JSON.stringify(golden)}\n`);
}
const operators: Record<string, number[]> = {};
for (const [name, spec] of Object.entries(OPERATOR_MODELS)) {
  const shape = spec.tensors[spec.inputs[0] ?? 0]?.shape ?? [];
  const [result] = await interpret(writeTflite(spec), [numbers(shape.reduce((a, b) => a * b, 1))]);
  operators[name] = Array.from(result ?? [], (value) => Number(value.toPrecision(7)));
}
writeFileSync(
  new URL('../test/tflite/golden/operators.golden.json', import.meta.url),
  `${JSON.stringify(operators)}\n`,
);
const sums: Record<string, string> = {};
for (const [name, sum] of Object.entries(SUMS)) {
  const [result = []] = await interpret(writeTflite(everyPair(sum)), [everyValue(sum)]);
  sums[name] = digestOf(sum, result);
}
writeFileSync(
  new URL('../test/tflite/golden/sums.golden.json', import.meta.url),
  `${JSON.stringify(sums, undefined, 2)}\n`,
);
process.exit(0);

/** Pixels as a file's input holds them; int8 inputs are shifted by 128. */
function asType(pixels: Uint8Array, type: string): Numbers {
  if (type === 'uint8') return pixels;
  return type === 'int8' ? Int8Array.from(pixels, (p) => p - 128) : Float32Array.from(pixels);
}
