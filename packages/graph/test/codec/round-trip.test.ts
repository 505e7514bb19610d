import { describe, expect, it } from 'vitest';
import type { DataType, Graph, Tensor } from '@unpair/graph';
import {
  GraphBuilder,
  arrayOver,
  codeOfDataType,
  decodeModel,
  encodeModel,
  float32,
  inferShapes,
  int,
} from '@unpair/graph';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';
import { smallClassifier } from '../support/sample-graphs.js';
import { hasSharedData, readSharedModel } from '../../../../test/kit/shared-data.js';

describe('encodeModel and decodeModel', () => {
  it('are inverse', () => {
    const graph = smallClassifier();
    const again = decodeModel(encodeModel(graph));
    expect(again).toEqual({ ...graph, initializers: new Map([...graph.initializers].sort()) });
  });

  it('write equal bytes whatever the order in which constants and attributes were added', () => {
    const graph = smallClassifier();
    const shuffled: Graph = {
      ...graph,
      initializers: new Map([...graph.initializers].reverse()),
      nodes: graph.nodes.map((node) => ({
        ...node,
        attributes: Object.fromEntries(Object.entries(node.attributes).reverse()),
      })),
    };
    expect(encodeModel(shuffled)).toEqual(encodeModel(graph));
  });

  it.each<DataType>([
    ...(['float32', 'float64', 'int64', 'int32', 'int16', 'int8', 'uint16', 'uint8', 'bool'] as const),
  ])('carry %s constants', (dataType) => {
    const data = arrayOver(dataType, Uint8Array.from({ length: 48 }, (_, i) => i % 2).buffer);
    const tensor = { dataType, shape: [data.length], data } as Tensor;
    const b = new GraphBuilder('constants');
    b.output(b.node('Identity', [b.initializer('c', tensor)]), dataType, tensor.shape);
    expect([...decodeModel(encodeModel(b.build())).initializers.values()]).toEqual([tensor]);
  });

  it('read float16 as float32, wherever it stands', () => {
    const half = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x3555, 0x8000);
    const b = new GraphBuilder('half');
    const x = b.input('x', 'float16', ['N', 7]);
    const sum = b.node('Add', [x, b.initializer('c', { dataType: 'float16', shape: [7], data: half })]);
    b.output(b.node('Cast', [sum], { to: int(codeOfDataType('float16')) }), 'float16', ['N', 7]);
    const graph = decodeModel(encodeModel(b.build()));
    const values = [1, -2, 2 ** -24, 65504, Infinity, 0.333251953125, -0];
    expect([...graph.initializers.values()]).toEqual([float32([7], values)]);
    expect([...graph.inputs, ...graph.outputs].map(({ dataType }) => dataType)).toEqual([
      'float32',
      'float32',
    ]);
    expect([...inferShapes(graph).values()].map(({ dataType }) => dataType)).toEqual(
      Array.from({ length: 4 }, () => 'float32'),
    );
  });

  it('carry integers at the ends of their range', () => {
    const b = new GraphBuilder('far');
    const x = b.input('x', 'float32', ['N']);
    const data = BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n), -1n, 2n ** 53n + 1n);
    b.initializer('far', { dataType: 'int64', shape: [4], data });
    b.output(b.node('Softmax', [x], { axis: int(-1) }), 'float32', ['N']);
    const again = decodeModel(encodeModel(b.build()));
    expect([...again.initializers.values()][0]?.data).toEqual(data);
    expect(again.nodes[0]?.attributes['axis']).toEqual(int(-1));
  });

  it('write what the runtime reads', async () => {
    const feeds = { image: float32([2, 3, 8, 8], uniform(384, 1)) };
    const { logits } = await runGraph(smallClassifier(), feeds);
    expect(logits?.shape).toEqual([2, 5]);
  });
});

describe.skipIf(!hasSharedData)('published models (skipped without the shared data folder)', () => {
  it.each(['cifar10-resnet20.onnx', 'cifar10-resnet56.onnx'])(
    '%s gives the same logits after re-encoding',
    async (name) => {
      const bytes = readSharedModel(name);
      const graph = decodeModel(bytes);
      expect(graph.inputs).toEqual([{ name: 'image', dataType: 'float32', shape: ['batch', 3, 32, 32] }]);
      expect(inferShapes(graph).get('logits')).toEqual({ dataType: 'float32', shape: ['batch', 10] });
      const feeds = { image: float32([3, 3, 32, 32], uniform(3 * 3072, 2)) };
      const [before, after] = [await runGraph(bytes, feeds), await runGraph(graph, feeds)];
      expect(after).toEqual(before);
    },
  );
});
