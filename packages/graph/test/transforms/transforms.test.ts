import { describe, expect, it } from 'vitest';
import type { Graph, Tensor } from '@unpair/graph';
import {
  GraphBuilder,
  decodeModel,
  dropIdentities,
  float32,
  foldBatchNormalization,
  foldConstants,
  int,
  int64,
  ints,
  isDifferentiable,
  pruneDeadNodes,
  weightsToInputs,
} from '@unpair/graph';
import { bindImage } from '../../src/transforms/bind.js';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';
import { smallClassifier } from '../support/sample-graphs.js';
import { hasSharedData, readSharedModel } from '../../../../test/kit/shared-data.js';

const IMAGES = float32([3, 3, 8, 8], uniform(576, 11));

async function logitsOf(
  graph: Graph,
  feeds: Record<string, Tensor> = { image: IMAGES },
): Promise<Float32Array> {
  const { logits } = await runGraph(graph, feeds);
  if (logits?.dataType !== 'float32') throw new Error('no logits');
  return logits.data;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? NaN))), 0);
}

const operators = (graph: Graph): readonly string[] => graph.nodes.map(({ op }) => op);

describe('foldBatchNormalization', () => {
  it('changes logits by no more than rounding', async () => {
    const graph = smallClassifier();
    const folded = foldBatchNormalization(graph);
    expect(operators(folded)).toEqual(operators(graph).filter((op) => op !== 'BatchNormalization'));
    expect(largestDifference(await logitsOf(folded), await logitsOf(graph))).toBeLessThan(1e-5);
  });

  it.each([0, 1])('reaches into Gemm with transB %i', async (transB) => {
    const b = new GraphBuilder('gemm');
    const x = b.input('image', 'float32', ['N', 6]);
    const weight = float32(transB === 1 ? [4, 6] : [6, 4], uniform(24, 1, -1, 1));
    const vector = (seed: number): string => b.initializer('v', float32([4], uniform(4, seed, 0.5, 2)));
    const product = b.node('Gemm', [x, b.initializer('w', weight), vector(2)], { transB: int(transB) });
    const norm = b.node('BatchNormalization', [product, vector(3), vector(4), vector(5), vector(6)]);
    b.output(b.rename(norm, 'logits'), 'float32', ['N', 4]);
    const folded = foldBatchNormalization(b.build());
    expect(operators(folded)).toEqual(['Gemm', 'Identity']);
    const feeds = { image: float32([5, 6], uniform(30, 7)) };
    expect(largestDifference(await logitsOf(folded, feeds), await logitsOf(b.build(), feeds))).toBeLessThan(
      1e-5,
    );
  });

  it('leaves a normalization whose input is read elsewhere', () => {
    const graph = smallClassifier();
    const conv = graph.nodes[0]?.outputs[0] ?? '';
    const exposed = {
      ...graph,
      outputs: [...graph.outputs, { name: conv, dataType: 'float32', shape: [] } as const],
    };
    expect(operators(foldBatchNormalization(exposed))).toEqual(operators(graph));
  });
});

describe('foldConstants', () => {
  it('follows shapes, arithmetic and quantized weights', async () => {
    const b = new GraphBuilder('constants');
    const x = b.input('image', 'float32', ['N', 3, 8, 8]);
    const quantized: Tensor = {
      dataType: 'int8',
      shape: [4, 3],
      data: Int8Array.from({ length: 12 }, (_, i) => i * 9 - 50),
    };
    const zeros: Tensor = { dataType: 'int8', shape: [4], data: Int8Array.of(1, 0, -2, 0) };
    const scales = b.initializer('s', float32([4], uniform(4, 3, 0.01, 0.02)));
    const w = b.node('DequantizeLinear', [b.initializer('q', quantized), scales, b.initializer('z', zeros)], {
      axis: int(0),
    });
    const scaled = b.node('Div', [
      w,
      b.node('Sqrt', [b.initializer('v', float32([3], uniform(3, 4, 1, 2)))]),
    ]);
    const square = b.node('Transpose', [b.node('Reshape', [scaled, b.vector([3, 4])])], {
      perm: ints([1, 0]),
    });
    const filter = b.node('Unsqueeze', [b.node('Neg', [square]), b.vector([2, 3])]);
    const sizes = b.node('Shape', [x]);
    const batch = b.node('Gather', [sizes, b.initializer('i', int64([1], [0]))]);
    const channels = b.node('Gather', [sizes, b.initializer('i', int64([1], [1]))]);
    const target = b.node('Concat', [batch, b.node('Add', [channels, b.vector([1])]), b.vector([-1])], {
      axis: int(0),
    });
    const flat = b.node('Reshape', [b.node('Conv', [x, filter]), target]);
    const fill = b.node(
      'Cast',
      [
        b.node('ConstantOfShape', [b.vector([4, 1])], {
          value: { kind: 'tensor', value: int64([1], [3]) },
        }),
      ],
      { to: int(1) },
    );
    b.output(b.rename(b.node('Add', [flat, fill]), 'logits'), 'float32', ['N', 4, 64]);
    const graph = b.build();
    const folded = foldConstants(graph);
    expect(operators(folded)).toEqual(['Shape', 'Gather', 'Concat', 'Conv', 'Reshape', 'Add', 'Identity']);
    expect(largestDifference(await logitsOf(folded), await logitsOf(graph))).toBeLessThan(1e-5);
    expect(operators(foldConstants(graph, { keepQuantized: true }))).toContain('DequantizeLinear');
  });

  it.skipIf(!hasSharedData)(
    'empties published models of shape arithmetic (skipped without the shared data)',
    async () => {
      const graph = decodeModel(readSharedModel('cifar10-resnet20.onnx'));
      const folded = foldConstants(graph);
      for (const op of ['Cast', 'Concat', 'ConstantOfShape', 'Shape', 'Transpose']) {
        expect(operators(folded)).not.toContain(op);
      }
      expect(operators(graph)).toContain('ConstantOfShape');
      const feeds = { image: float32([2, 3, 32, 32], uniform(6144, 1)) };
      expect(await logitsOf(folded, feeds)).toEqual(await logitsOf(graph, feeds));
    },
  );
});

describe('dropIdentities', () => {
  it('leaves names of inputs and outputs, and results, as they were', async () => {
    const b = new GraphBuilder('identities');
    const image = b.input('image', 'float32', ['N', 2]);
    const direct = b.rename(image, 'copy');
    const relu = b.node('Dropout', [b.node('Identity', [b.node('Relu', [image])])]);
    const logits = b.rename(relu, 'logits');
    const twice = b.rename(b.node('Add', [relu, logits]), 'twice');
    const again = b.rename(twice, 'again');
    for (const name of [direct, logits, twice, again]) b.output(name, 'float32', ['N', 2]);
    const graph = b.build();
    const dropped = dropIdentities(graph);
    expect(operators(dropped)).toEqual(['Identity', 'Relu', 'Add', 'Identity']);
    const feeds = { image: float32([3, 2], uniform(6, 1, -1, 1)) };
    expect(await runGraph(dropped, feeds)).toEqual(await runGraph(graph, feeds));
  });
});

describe('pruneDeadNodes', () => {
  it('keeps what the outputs need, and every input', () => {
    const graph = smallClassifier();
    const b = GraphBuilder.from(graph);
    b.input('spare', 'float32', ['N']);
    b.node('Add', ['image', b.scalar(1)]);
    const { nodes, initializers, inputs } = pruneDeadNodes(b.build());
    expect({ nodes, initializers }).toEqual({ nodes: graph.nodes, initializers: graph.initializers });
    expect(inputs.map(({ name }) => name)).toEqual(['image', 'spare']);
  });
});

describe('weightsToInputs', () => {
  const graph = smallClassifier();
  const weights = [...graph.initializers.keys()].slice(0, 3);

  it('makes feeding a weight like storing it', async () => {
    const open = weightsToInputs(graph, weights);
    const values = new Map(
      weights.flatMap((name) => {
        const tensor = graph.initializers.get(name);
        return tensor === undefined ? [] : [[name, tensor] as const];
      }),
    );
    const fed = await logitsOf(open, { image: IMAGES, ...Object.fromEntries(values) });
    expect(largestDifference(fed, await logitsOf(graph))).toBeLessThan(1e-5);
  });

  it('names what is not there', () => {
    expect(() => weightsToInputs(graph, ['nothing'])).toThrow('the model has no weight "nothing"');
  });
});

describe('bindImage', () => {
  const open = (shape: Graph['inputs'][number]['shape']): Graph => {
    const b = new GraphBuilder('open');
    const image = b.input('image', 'float32', shape);
    const kernel = b.initializer('kernel', float32([4, 3, 3, 3], uniform(108, 5)));
    const features = b.node('Conv', [image, kernel], { strides: ints([2, 2]) });
    const flat = b.node('Flatten', [b.node('GlobalAveragePool', [features])]);
    b.output(flat, 'float32', ['N', 4]);
    return b.build();
  };

  it('makes models differentiable whose exporter left height and width open', () => {
    const graph = open(['N', 3, 'height', 'width']);
    expect(isDifferentiable(graph)).toMatchObject({ ok: false });
    const bound = bindImage(graph, [3, 8, 10]);
    expect(bound.inputs[0]?.shape).toEqual(['N', 3, 8, 10]);
    expect(isDifferentiable(bound)).toEqual({ ok: true });
  });

  it('leaves sizes that are given, the batch, whatever else has its name, and images of another rank', () => {
    expect(bindImage(open(['N', 3, 8, 10]), [3, 9, 9]).inputs[0]?.shape).toEqual(['N', 3, 8, 10]);
    expect(bindImage(open(['N', 3, 'N', 'w']), [3, 9, 9]).inputs[0]?.shape).toEqual(['N', 3, 9, 9]);
    const graph = open(['N', 3, 'h', 'w']);
    expect(bindImage(graph, [])).toBe(graph);
  });
});
