import type { Graph } from '@unpair/graph';
import {
  GraphBuilder,
  float,
  float32,
  gradient,
  gradientName,
  lossAndInputGradient,
  shareCommonNodes,
} from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';
import { smallClassifier } from '../support/sample-graphs.js';

function graphOf(write: (builder: GraphBuilder, x: string) => string): Graph {
  const builder = new GraphBuilder('under-test');
  const y = write(builder, builder.input('x', 'float32', [2]));
  builder.output(builder.rename(y, 'y'), 'float32', [2]);
  return builder.build();
}

const operators = (graph: Graph): readonly string[] => graph.nodes.map(({ op }) => op);

describe('shareCommonNodes', () => {
  it('computes once what is computed twice, chains and equal constants included', () => {
    const graph = graphOf((b, x) => {
      const branch = (): string => b.node('Exp', [b.node('Mul', [x, b.scalar(2)])]);
      return b.node('Add', [branch(), branch()]);
    });
    const shared = shareCommonNodes(graph);
    expect(operators(shared)).toEqual(['Mul', 'Exp', 'Add', 'Identity']);
    expect(shared.initializers.size).toBe(1);
  });

  it('keeps apart what differs in an attribute, a constant or its random draw', () => {
    const graph = graphOf((b, x) => {
      const sloped = (alpha: number): string => b.node('LeakyRelu', [x], { alpha: float(alpha) });
      const noise = (): string => b.node('RandomUniformLike', [x]);
      const scaled = (factor: number): string => b.node('Mul', [x, b.scalar(factor)]);
      return b.node('Sum', [sloped(0.1), sloped(0.2), noise(), noise(), scaled(0), scaled(-0)]);
    });
    expect(shareCommonNodes(graph)).toEqual(graph);
  });

  it('leaves outputs their names', () => {
    const builder = new GraphBuilder('outputs');
    const x = builder.input('x', 'float32', [2]);
    for (const name of ['a', 'b']) builder.output(builder.rename(x, name), 'float32', [2]);
    const graph = builder.build();
    expect(shareCommonNodes(graph)).toEqual(graph);
  });

  it('changes nothing of what a second derivative gives', async () => {
    const { graph, gradient: inner } = lossAndInputGradient(smallClassifier(), 'cross-entropy');
    const wrt = [...graph.initializers].filter(([, { shape }]) => shape.length === 4).map(([name]) => name);
    const builder = GraphBuilder.from(graph);
    const square = builder.node('Mul', [inner, inner]);
    const twice = gradient(builder.build(), { of: inner, wrt, seed: square });
    expect(square).not.toBe('');
    const shared = shareCommonNodes(twice);
    expect(shared.nodes.length).toBeLessThan(twice.nodes.length);
    const feeds = {
      image: float32([2, 3, 8, 8], uniform(2 * 192, 3)),
      labels: float32([2, 5], [1, 0, 0, 0, 0, 0, 0, 1, 0, 0]),
    };
    const [before, after] = [await runGraph(twice, feeds), await runGraph(shared, feeds)];
    for (const name of wrt) {
      const output = gradientName(inner, name);
      expect(after[output]?.data).toEqual(before[output]?.data);
    }
  });
});
