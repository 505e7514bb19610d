import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { decodeTflite, tfliteOperators } from '../../src/index.js';
import { operatorName } from '../../src/tflite/operator-names.js';
import { writeTflite } from './support/model-writer.js';
import { OPERATOR_MODELS, numbers } from './support/operator-models.js';
import { runImages } from './support/run.js';

/** What LiteRT computes, written by scripts/generate-golden.ts. */
const GOLDEN = JSON.parse(
  readFileSync(new URL('golden/operators.golden.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, readonly number[]>>;

/** One step of the 8-bit results, and a little for their writing. */
const STEP = 0.0201;

test('no operator is left out but CAST, of which other numbers than floats would have to be fed', () => {
  const tested = Object.values(OPERATOR_MODELS).flatMap(({ operators }) =>
    operators.map(({ code }) => operatorName(code)),
  );
  expect(tfliteOperators().filter((op) => !tested.includes(op))).toEqual(['CAST']);
});

describe('each operator computes what LiteRT computes', () => {
  test.each(Object.entries(OPERATOR_MODELS))('%s', async (name, spec) => {
    const graph = decodeTflite(writeTflite(spec));
    const shape = spec.tensors[spec.inputs[0] ?? 0]?.shape ?? [];
    const sample = numbers(shape.reduce((product, dim) => product * dim, 1));
    const { data } = await runImages(graph, Float32Array.from([...sample, ...sample.map((x) => -x)]), 2);
    const expected = GOLDEN[name] ?? [];
    // The second sample of the batch must not disturb the first.
    const values = Array.from(data, Number).slice(0, data.length / 2);
    expect(values.length).toBe(expected.length);
    const errors = values.map((value, i) => Math.abs(value - (expected[i] ?? NaN)));
    const tolerance = name.startsWith('int8') ? STEP : 2e-6 * Math.max(1, ...expected.map(Math.abs));
    expect(Math.max(...errors)).toBeLessThanOrEqual(tolerance);
    // Integers that disagree are those that float kernels round the other way at a tie.
    if (name.startsWith('int8'))
      expect(errors.filter((e) => e < 1e-4).length / errors.length).toBeGreaterThan(0.9);
  });
});
