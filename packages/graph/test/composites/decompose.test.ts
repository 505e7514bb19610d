import type { Graph, Tensor } from '@unpair/graph';
import { compositeOperators, decompose } from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { checkGradient, randomTensor } from '../autodiff/support/check-gradient.js';
import { runGraph } from '../support/onnxruntime.js';
import { seeded } from '../support/random.js';
import type { CompositeCase } from './cases.js';
import { compositeCases, graphOfComposite } from './cases.js';

/** The same with outputs that declare nothing for the runtime's own inference to check. */
function open(graph: Graph): Graph {
  const outputs = graph.outputs.map((info) => ({ ...info, shape: info.shape.map((_, i) => `open_${i}`) }));
  return { ...graph, outputs };
}

const named = compositeCases.map((entry): [string, CompositeCase] => {
  const shapes = entry.inputs.map(({ shape }) => `[${shape.join()}]`).join(' ');
  return [`${entry.op} ${entry.opset ?? ''} ${shapes} ${JSON.stringify(entry.attributes)}`, entry];
});

describe('composite operators', () => {
  it('all have cases here', () => {
    expect([...new Set(compositeCases.map(({ op }) => op))].sort()).toEqual(compositeOperators());
  });

  it.each(named)('%s: shape, decomposition and gradient agree with the kernel', async (_, entry) => {
    const graph = graphOfComposite(entry);
    const random = seeded(3);
    const feeds = Object.fromEntries(
      entry.inputs.map((point, i) => [`x${i}`, randomTensor(point, random)] as const),
    );
    const native = (await runGraph(open(graph), feeds))['y'];
    expect(native?.shape).toEqual(graph.outputs[0]?.shape);
    const simple = decompose(graph);
    expect(simple.nodes.map(({ op }) => op)).not.toContain(entry.op === 'Pad' ? '' : entry.op);
    const written = (await runGraph(open(simple), feeds))['y'];
    expectClose(written, native);
    const points = Object.fromEntries(entry.inputs.map((point, i) => [`x${i}`, point]));
    await checkGradient(open(graph), points, { step: 1e-3, tolerance: 3e-2 });
  });
});

/** Within 1e-5 of the largest element. */
function expectClose(actual: Tensor | undefined, expected: Tensor | undefined): void {
  const [left, right] = [actual?.data as Float32Array, expected?.data as Float32Array];
  expect(left).toHaveLength(right.length);
  const scale = right.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  const worst = right.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (left[i] ?? NaN)) || 0),
    left.some(Number.isNaN) ? Infinity : 0,
  );
  expect(worst / scale).toBeLessThan(1e-5);
}
