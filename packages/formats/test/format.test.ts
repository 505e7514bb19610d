import { expect, test } from 'vitest';

import { formatOf } from '../src/index.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ['tflite', '\u001c\0\0\0TFL3\u0014\0'],
  ['tensorflowjs', ' \n{"format": "layers-model"}'],
  ['onnx', '\b\u0007\u0012\u0007pytorch'],
  ['onnx', ''],
])('takes a file of %s for what it is', (format, text) => {
  expect(formatOf(bytesOf(text))).toBe(format);
});
