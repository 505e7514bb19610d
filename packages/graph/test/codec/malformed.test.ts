import { describe, expect, it } from 'vitest';
import type { Graph, Node } from '@unpair/graph';
import { ModelError, decodeModel, encodeModel, float32, int64 } from '@unpair/graph';
import { serializeModel } from '../../src/codec/wire.js';
import { smallClassifier } from '../support/sample-graphs.js';

/** What decoding says about a file that it must refuse. */
function complaint(bytes: Uint8Array): string {
  try {
    decodeModel(bytes);
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
  throw new Error('the file was accepted');
}

const NODE: Node = { op: 'Relu', domain: '', name: 'r', inputs: ['x'], outputs: ['y'], attributes: {} };
const GRAPH: Graph = {
  name: 'g',
  opset: 17,
  inputs: [{ name: 'x', dataType: 'float32', shape: ['N', 4] }],
  outputs: [{ name: 'y', dataType: 'float32', shape: ['N', 4] }],
  initializers: new Map(),
  nodes: [NODE],
};

const of = (change: Partial<Graph>): Uint8Array => encodeModel({ ...GRAPH, ...change });

/** A model written field by field, for what `encodeModel` never writes. */
const raw = (graph: object, opset = 17): Uint8Array =>
  serializeModel({ irVersion: 8, opsetImport: [{ domain: '', version: opset }], graph });
const TYPE = { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 2 }] } } };
const RAW = {
  node: [{ opType: 'Relu', input: ['x'], output: ['y'] }],
  input: [{ name: 'x', type: TYPE }],
  output: [{ name: 'y', type: TYPE }],
};

describe('files that are no models', () => {
  it.each([
    [new Uint8Array(), 'the model file is empty'],
    [new TextEncoder().encode('{"format": "layers-model"}'), 'the model file is not an ONNX model'],
    [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), 'the model file is not an ONNX model'],
    [new TextEncoder().encode('PK\u0003\u0004 archive'), 'the model file is not an ONNX model'],
    [Uint8Array.of(8, 8), 'the model file is not an ONNX model'],
    [new Uint8Array(1000).fill(255), 'the model file is not an ONNX model'],
  ])('%#', (bytes, message) => {
    expect(complaint(bytes)).toBe(message);
  });

  it('truncated ones say so, wherever they end', () => {
    const bytes = encodeModel(smallClassifier());
    for (let length = 20; length < bytes.length - 20; length += 97) {
      expect(complaint(bytes.subarray(0, length))).toContain('truncated');
    }
  });
});

describe('models that make no sense', () => {
  it.each([
    [of({ opset: 8 }), 'operator set 8, supported are 9 to 23'],
    [of({ opset: 24 }), 'operator set 24'],
    [of({ nodes: [{ ...NODE, inputs: ['w'] }] }), 'reads value "w", which no input, initializer or node'],
    [of({ nodes: [{ ...NODE, inputs: ['y'] }] }), 'cycle'],
    [of({ nodes: [NODE, { ...NODE, name: 's' }] }), 'value "y" is defined twice'],
    [of({ outputs: [] }), 'no outputs'],
    [of({ outputs: [{ name: 'z', dataType: 'float32', shape: [] }] }), 'output "z" is not computed'],
    [
      of({ inputs: [{ name: 'x', dataType: 'float32', shape: ['N', 1e12] }] }),
      'declares a dimension of 1000000000000',
    ],
    [
      of({ inputs: [{ name: 'x', dataType: 'float32', shape: ['N', 1e6, 1e6] }] }),
      'more than 2147483647 elements',
    ],
    [raw({ ...RAW, initializer: [{ name: 'w', dims: [2 ** 30], dataType: 1 }] }), 'but holds 0'],
    [raw({ ...RAW, initializer: [{ name: 'w', dims: [-4], dataType: 1 }] }), 'declares a dimension of -4'],
    [
      raw({ ...RAW, initializer: [{ name: 'w', dims: [2], dataType: 1, rawData: new Uint8Array(7) }] }),
      'holds 7 bytes',
    ],
    [raw({ ...RAW, initializer: [{ name: 'w', dims: [1], dataType: 16 }] }), 'element type bfloat16'],
    [raw({ ...RAW, initializer: [{ name: 'w', dims: [1], dataType: 8 }] }), 'element type string'],
    [
      raw({
        ...RAW,
        initializer: [
          {
            name: 'w',
            dims: [1],
            dataType: 1,
            dataLocation: 1,
            externalData: [{ key: 'location', value: 'w.bin' }],
          },
        ],
      }),
      'initializer "w" keeps its data outside the model in "w.bin"',
    ],
    [
      raw({ ...RAW, node: [{ opType: 'If', output: ['y'], attribute: [{ name: 'then_branch', type: 5 }] }] }),
      'subgraph',
    ],
    [
      raw({ ...RAW, input: [{ name: 'x', type: { tensorType: { elemType: 8 } } }] }),
      'input "x" has element type string',
    ],
    [raw({ ...RAW, input: [{ name: 'x', type: {} }] }), 'input "x" is not a tensor'],
    [raw({ ...RAW, input: [{ name: 'x' }] }), 'input "x" declares no shape'],
    [raw({ ...RAW, node: [{ input: ['x'], output: ['y'] }] }), 'names no operator'],
    [raw({ ...RAW, sparseInitializer: [{ values: { name: 'w' } }] }), '"w" is sparse'],
  ])('are named in one sentence (%#)', (bytes, part) => {
    expect(complaint(bytes)).toContain(part);
  });
});

describe('what files write in several ways', () => {
  it('has one normal form', () => {
    const graph = decodeModel(
      raw(
        {
          node: [
            { opType: 'Add', input: ['r', 'two'], output: ['y'] },
            { opType: 'Relu', domain: 'ai.onnx', input: ['x'], output: ['r'] },
            { opType: 'BatchNormalization', input: ['x', 'w', 'w', 'w', 'w'], output: ['n', 'm', 'v', ''] },
            {
              opType: 'Constant',
              output: ['two'],
              attribute: [{ name: 'value', type: 4, t: { dims: [], dataType: 1, floatData: [2] } }],
            },
          ],
          initializer: [{ name: 'w', dims: [3], dataType: 1, floatData: [1, 2, 3] }],
          input: [
            {
              name: 'x',
              type: { tensorType: { elemType: 1, shape: { dim: [{}, { dimValue: 3 }, { dimParam: '' }] } } },
            },
            { name: 'w', type: TYPE },
          ],
          output: [{ name: 'y', type: { tensorType: { elemType: 1 } } }, { name: 'n' }],
        },
        11,
      ),
    );
    expect(graph.inputs).toEqual([{ name: 'x', dataType: 'float32', shape: ['N', 3, 'x_2'] }]);
    expect(graph.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['y', ['N', 3, 'x_2']],
      ['n', ['N', 3, 'x_2']],
    ]);
    expect(graph.initializers.get('two')).toEqual(float32([], [2]));
    expect(graph.initializers.get('w')).toEqual(float32([3], [1, 2, 3]));
    expect(graph.nodes.map(({ name, domain }) => [name, domain])).toEqual([
      ['Relu_1', ''],
      ['BatchNormalization_2', ''],
      ['Add_0', ''],
    ]);
    expect(graph.nodes[1]?.outputs).toEqual(['n']);
  });

  it('covers typed fields of every width', () => {
    const graph = decodeModel(
      raw({
        ...RAW,
        initializer: [
          { name: 'a', dims: [2], dataType: 7, int64Data: [-1, 5] },
          { name: 'b', dims: [2], dataType: 3, int32Data: [-1, 5] },
          { name: 'c', dims: [1], dataType: 11, doubleData: [0.1] },
          { name: 'd', dims: [1], dataType: 10, int32Data: [0x3c00] },
          { name: 'e', dims: [0], dataType: 1 },
        ],
      }),
    );
    expect(graph.initializers.get('a')).toEqual(int64([2], [-1, 5]));
    expect([...graph.initializers.values()].map(({ data }) => Array.from(data, Number))).toEqual([
      ...[[-1, 5], [-1, 5], [0.1], [1]],
      [],
    ]);
  });
});
