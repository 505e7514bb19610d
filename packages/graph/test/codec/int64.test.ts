import type { Attributes, Graph, Node, Tensor } from '@unpair/graph';
import {
  decodeModel,
  encodeModel,
  float32,
  foldConstants,
  gradient,
  gradientName,
  inferShapes,
  int,
  int64,
  ints,
} from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';

const LARGEST = 2n ** 63n - 1n;
const SMALLEST = -(2n ** 63n);

const node = (op: string, inputs: string[], output: string, attributes: Attributes = {}): Node => ({
  op,
  domain: '',
  name: output,
  inputs,
  outputs: [output],
  attributes,
});

/** A graph of float32 [2,3,4,5] → y of rank 4, as a file. */
function fileOf(
  opset: number,
  nodes: readonly Node[],
  initializers: readonly (readonly [string, Tensor])[] = [],
): Uint8Array {
  return encodeModel({
    name: 'g',
    opset,
    inputs: [{ name: 'x', dataType: 'float32', shape: [2, 3, 4, 5] }],
    outputs: [{ name: 'y', dataType: 'float32', shape: ['a', 'b', 'c', 'd'] }],
    initializers: new Map(initializers),
    nodes,
  });
}

const feeds = { x: float32([2, 3, 4, 5], uniform(120, 3)) };
const bounds = (values: readonly bigint[]): Tensor => ({
  dataType: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values),
});

/** Runs a file as it is and as it was read, folded or not; returns the shape. */
async function sameAsFile(bytes: Uint8Array): Promise<readonly number[] | undefined> {
  const expected = await runGraph(bytes, feeds);
  const graph = decodeModel(bytes);
  expect(await runGraph(graph, feeds)).toEqual(expected);
  expect(await runGraph(foldConstants(graph), feeds)).toEqual(expected);
  expect(inferShapes(graph).get('y')?.shape).toEqual(expected['y']?.shape);
  return expected['y']?.shape;
}

describe('64-bit integers', () => {
  it.each([
    [
      [1n, 1n],
      [LARGEST, LARGEST],
      [2, 3, 3, 4],
    ],
    [
      [0n, 1n],
      [-1n, LARGEST - 1n],
      [2, 3, 3, 4],
    ],
    [
      [SMALLEST, -2n],
      [LARGEST, 2n ** 53n + 1n],
      [2, 3, 4, 2],
    ],
    [
      [2n, LARGEST],
      [LARGEST, LARGEST],
      [2, 3, 2, 0],
    ],
  ])('slice from %s to %s as attributes, as operator set 9 writes it', async (starts, ends, shape) => {
    const attributes = { starts: ints(starts), ends: ints(ends), axes: ints([2, 3]) };
    expect(await sameAsFile(fileOf(9, [node('Slice', ['x'], 'y', attributes)]))).toEqual(shape);
  });

  it.each([
    [1n, LARGEST, 1n, [2, 3, 4, 4]],
    [LARGEST, SMALLEST, -1n, [2, 3, 4, 5]],
    [-1n, SMALLEST + 1n, -2n, [2, 3, 4, 3]],
  ])('slice from %s to %s by %s, computed from constants', async (start, end, step, shape) => {
    const graph = fileOf(
      13,
      [
        node('Constant', [], 'end', { value_int: int(end) }),
        node('Unsqueeze', ['end', 'first'], 'ends'),
        node('Concat', ['ends', 'none'], 'whole', { axis: int(0) }),
        node('Slice', ['x', 'starts', 'whole', 'last', 'steps'], 'y'),
      ],
      [
        ['first', int64([1], [0])],
        ['none', int64([0], [])],
        ['last', int64([1], [3])],
        ['starts', bounds([start])],
        ['steps', bounds([step])],
      ],
    );
    expect(await sameAsFile(graph)).toEqual(shape);
  });

  it('are exact in constants and in attributes of operators that are not known', () => {
    const odd = 2n ** 53n + 1n;
    const bytes = fileOf(13, [
      node('Constant', [], 'one', { value_int: int(LARGEST) }),
      node('Constant', [], 'many', { value_ints: ints([odd, -odd, 7]) }),
      {
        ...node('Foreign', ['x', 'one', 'many'], 'y', { seed: int(odd), seeds: ints([-odd]) }),
        domain: 'a.b',
      },
    ]);
    const read = decodeModel(bytes);
    const again = decodeModel(encodeModel(read));
    for (const graph of [read, again]) {
      expect(graph.initializers.get('one')?.data).toEqual(BigInt64Array.of(LARGEST));
      expect(graph.initializers.get('many')?.data).toEqual(BigInt64Array.of(odd, -odd, 7n));
      expect(graph.nodes[0]?.attributes).toEqual({ seed: int(odd), seeds: ints([-odd]) });
    }
  });

  it.each<[string, readonly Node[]]>([
    ['moved', [node('Unsqueeze', ['c', 'zero'], 'm'), node('Squeeze', ['m', 'zero'], 'z')]],
    ['cast to int64', [node('Cast', ['c'], 'z', { to: int(7) })]],
    ['cut to int32', [node('Cast', ['c'], 'm', { to: int(6) }), node('Cast', ['m'], 'z', { to: int(7) })]],
    ['told from 0', [node('Cast', ['c'], 'm', { to: int(9) }), node('Cast', ['m'], 'z', { to: int(7) })]],
    ['added to', [node('Add', ['c', 'one'], 'z')]],
    ['subtracted', [node('Sub', ['c', 'd'], 'z')]],
    ['divided', [node('Div', ['c', 'd'], 'z')]],
    ['multiplied', [node('Mul', ['c', 'd'], 'z')]],
    ['compared', [node('Equal', ['c', 'd'], 'm'), node('Cast', ['m'], 'z', { to: int(7) })]],
    ['gathered', [node('Gather', ['c', 'order'], 'z')]],
  ])('are the same after folding, %s', async (_, nodes) => {
    const graph: Graph = {
      ...decodeModel(fileOf(13, [node('Relu', ['x'], 'y')])),
      nodes: [...nodes, node('Relu', ['x'], 'y'), node('Identity', ['z'], 'out')],
      outputs: [{ name: 'out', dataType: 'int64', shape: [4] }],
      initializers: new Map([
        ['c', bounds([LARGEST, 2n ** 53n + 1n, SMALLEST, 2n ** 32n])],
        ['d', bounds([LARGEST - 1n, 2n ** 53n, 2n ** 20n, 5n])],
        ['one', int64([], [1])],
        ['zero', int64([1], [0])],
        ['order', int64([4], [3, 1, 0, 2])],
      ]),
    };
    const expected = await runGraph(graph, feeds);
    expect(await runGraph(foldConstants(graph), feeds)).toEqual(expected);
  });

  it('lead through derivatives', async () => {
    const attributes = { starts: ints([1]), ends: ints([LARGEST]), axes: ints([3]) };
    const graph = decodeModel(fileOf(9, [node('Slice', ['x'], 'y', attributes)]));
    const name = gradientName('y', 'x');
    const results = await runGraph(gradient(graph, { of: 'y', wrt: ['x'] }), feeds);
    const row = [0, 1, 1, 1, 1];
    expect(results[name]?.data).toEqual(Float32Array.from({ length: 120 }, (_, i) => row[i % 5] ?? 0));
  });
});
