import { describe, expect, it } from 'vitest';
import type { Graph } from '@unpair/graph';
import { decodeModel, summarizeModel } from '@unpair/graph';
import { smallClassifier } from './support/sample-graphs.js';
import { hasSharedData, readSharedModel } from '../../../test/kit/shared-data.js';

const graph = smallClassifier();
const foreign: Graph = {
  ...graph,
  nodes: graph.nodes.map((node) => {
    if (node.op === 'Add') return { ...node, op: 'Quux' };
    return node.op === 'Gemm' ? { ...node, op: 'FusedGemm', domain: 'com.example' } : node;
  }),
};

describe('summarizeModel', () => {
  it('counts parameters, bytes, operators and multiplications', () => {
    const { parameters, bytes, operators, macs } = summarizeModel(graph);
    expect(parameters).toBe(6 * 3 * 9 + 4 * 6 + 6 * 3 * 9 + 6 + 5 * 6 + 5);
    expect(bytes).toBe(4 * parameters);
    expect(operators).toEqual({
      Conv: 2,
      Relu: 2,
      Add: 1,
      BatchNormalization: 1,
      Flatten: 1,
      Gemm: 1,
      GlobalAveragePool: 1,
      Identity: 1,
    });
    expect(macs).toBe(2 * 64 * 6 * 27 + 5 * 6);
  });

  it('knows no multiplications where an operator is unknown', () => {
    expect(summarizeModel(foreign).macs).toBeNull();
    expect(summarizeModel(foreign).operators).toMatchObject({ Quux: 1, 'com.example.FusedGemm': 1 });
  });

  it.skipIf(!hasSharedData)(
    'agrees with what is published of ResNet-20 (skipped without the shared data)',
    () => {
      const { parameters, macs } = summarizeModel(decodeModel(readSharedModel('cifar10-resnet20.onnx')));
      // 0.27 million parameters and 41 million multiplications, of which folding leaves a little less and more.
      expect(parameters).toBeGreaterThan(0.265e6);
      expect(parameters).toBeLessThan(0.275e6);
      expect(macs).toBeGreaterThan(40e6);
      expect(macs).toBeLessThan(41.5e6);
    },
  );
});
