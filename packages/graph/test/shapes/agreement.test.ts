import { describe, expect, it } from 'vitest';
import type { DataType, Tensor } from '@unpair/graph';
import { arrayOver, sizeOf } from '@unpair/graph';
import { BYTES_PER_ELEMENT } from '../../src/data-types.js';
import { runGraph } from '../support/onnxruntime.js';
import type { OperatorCase } from './cases.js';
import { graphOfCase, operatorCases } from './cases.js';

/** A tensor of ones: fit for indices, divisors and variances alike. */
function ones(dataType: DataType, shape: readonly number[]): Tensor {
  const data = arrayOver(dataType, new ArrayBuffer(sizeOf(shape) * BYTES_PER_ELEMENT[dataType]));
  if (!(data instanceof BigInt64Array)) data.fill(1);
  return { dataType, shape, data } as Tensor;
}

describe('inferred types and shapes are what the runtime computes', () => {
  it.each(
    operatorCases.map((entry): [string, OperatorCase] => [
      `${entry.op} ${JSON.stringify(entry.shapes)}`,
      entry,
    ]),
  )('%s', async (_, entry) => {
    const graph = graphOfCase(entry);
    // Declared outputs would be checked by the runtime's own inference: leave their shapes open.
    const open = graph.outputs.map((info) => ({
      ...info,
      shape: info.shape.map((_, i) => `open_${info.name}_${i}`),
    }));
    const feeds = Object.fromEntries(
      graph.inputs.map(({ name, dataType, shape }) => [name, ones(dataType, shape as readonly number[])]),
    );
    const results = await runGraph({ ...graph, outputs: open }, feeds);
    for (const { name, dataType, shape } of graph.outputs) {
      expect([results[name]?.dataType, results[name]?.shape]).toEqual([dataType, shape]);
    }
  });
});
