import { describe, expect, it } from 'vitest';
import type { Attributes, Graph } from '@unpair/graph';
import { float, float32, inferShapes, int, ints, string, upgradeOpset } from '@unpair/graph';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';

/** One node of an old operator set over [2,1,4,6]. */
function graphOf(op: string, opset: number, attributes: Attributes, outputs: number): Graph {
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const graph: Graph = {
    name: op,
    opset,
    inputs: [{ name: 'x', dataType: 'float32', shape: [2, 1, 4, 6] }],
    outputs: [],
    initializers: new Map(),
    nodes: [{ op, domain: '', name: op, inputs: ['x'], outputs: names, attributes }],
  };
  const types = inferShapes(graph);
  const typed = names.map((name) => ({ name, dataType: 'float32' as const, shape: [], ...types.get(name) }));
  return { ...graph, outputs: typed };
}

describe('upgradeOpset', () => {
  it.each<[string, number, Attributes, number?]>([
    ['Squeeze', 11, { axes: ints([1]) }],
    ['Squeeze', 9, {}],
    ['Unsqueeze', 12, { axes: ints([0, 5]) }],
    ['ReduceSum', 11, { axes: ints([-1, 0]), keepdims: int(0) }],
    ['ReduceMean', 11, { axes: ints([2]) }],
    ['Split', 9, { axis: int(3), split: ints([2, 4]) }, 2],
    ['Split', 11, { axis: int(2) }, 2],
    ['Slice', 9, { starts: ints([1, -5]), ends: ints([3, 99]), axes: ints([2, 3]) }],
    ['Slice', 9, { starts: ints([1]), ends: ints([2]) }],
    ['Pad', 10, { pads: ints([0, 0, 1, 0, 0, 0, 0, 2]), value: float(1.5) }],
    ['Pad', 9, { pads: ints([0, 0, 1, 0, 0, 0, 0, 2]), mode: string('reflect') }],
    ['Clip', 10, { min: float(0.25), max: float(0.5) }],
    ['Clip', 9, { max: float(0.5) }],
    ['Dropout', 10, { ratio: float(0.5) }],
    ['Softmax', 11, { axis: int(3) }],
    ['Softmax', 11, {}],
    ['Softmax', 9, { axis: int(-2) }],
    ['LogSoftmax', 12, { axis: int(0) }],
    ['Hardmax', 11, { axis: int(2) }],
    ['LogSoftmax', 9, { axis: int(3) }],
    ['Flatten', 9, {}],
  ])('%s of operator set %i computes the same', async (op, opset, attributes, outputs = 1) => {
    const graph = graphOf(op, opset, attributes, outputs);
    const upgraded = upgradeOpset(graph);
    expect(upgraded.opset).toBe(13);
    const feeds = { x: float32([2, 1, 4, 6], uniform(48, 5)) };
    expect(await runGraph(upgraded, feeds)).toEqual(await runGraph(graph, feeds));
    expect(upgradeOpset(upgraded)).toBe(upgraded);
  });

  it.each([
    [9, 'Upsample', 'nearest', [1, 1, 2, 3]],
    [9, 'Upsample', 'linear', [1, 1, 2, 2]],
    [10, 'Resize', 'nearest', [1, 1, 2, 2]],
    [10, 'Resize', 'nearest', [1, 1, 0.5, 0.5]],
    [10, 'Resize', 'nearest', [1, 1, 0.5, 2]],
    [10, 'Resize', 'linear', [1, 1, 0.5, 2]],
  ])('of operator set %i: %s, %s by %j', async (opset, op, mode, scales) => {
    const graph: Graph = {
      ...graphOf('Relu', opset, {}, 1),
      initializers: new Map([['s', float32([4], scales)]]),
      nodes: [
        { op, domain: '', name: op, inputs: ['x', 's'], outputs: ['y0'], attributes: { mode: string(mode) } },
      ],
    };
    const outputs = [{ name: 'y0', dataType: 'float32' as const, shape: ['a', 'b', 'c', 'd'] }];
    const feeds = { x: float32([2, 1, 4, 6], uniform(48, 5)) };
    const upgraded = await runGraph(upgradeOpset({ ...graph, outputs }), feeds);
    expect(upgraded).toEqual(await runGraph({ ...graph, outputs }, feeds));
    expect(inferShapes(graph).get('y0')?.shape).toEqual(upgraded['y0']?.shape);
  });
});
