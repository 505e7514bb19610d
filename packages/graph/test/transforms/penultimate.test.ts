import type { Graph } from '@unpair/graph';
import { GraphBuilder, float32, ints, penultimateValue } from '@unpair/graph';
import { expect, test } from 'vitest';

/** A graph over one input [N,4], and the name of the value that should be found. */
function built(write: (builder: GraphBuilder, input: string) => readonly [string, string | undefined]): {
  readonly graph: Graph;
  readonly expected: string | undefined;
} {
  const builder = new GraphBuilder('classifier');
  const [output, expected] = write(builder, builder.input('input', 'float32', ['N', 4]));
  builder.output(output, 'float32', ['N', 4]);
  return { graph: builder.build(), expected };
}

const square = (builder: GraphBuilder): string =>
  builder.initializer('weight', float32([4, 4], new Float32Array(16)));
const bias = (builder: GraphBuilder): string =>
  builder.initializer('bias', float32([4], new Float32Array(4)));

test.each([
  [
    'a matrix product',
    built((builder, input) => {
      const hidden = builder.node('Relu', [input]);
      return [builder.node('MatMul', [hidden, square(builder)]), hidden];
    }),
  ],
  [
    'a linear layer with bias, scale and softmax behind it',
    built((builder, input) => {
      const hidden = builder.node('Relu', [input]);
      const linear = builder.node('Gemm', [hidden, square(builder), bias(builder)]);
      const shifted = builder.node('Mul', [bias(builder), builder.node('Add', [bias(builder), linear])]);
      return [builder.node('Softmax', [shifted]), hidden];
    }),
  ],
  [
    'a weight that is computed from constants',
    built((builder, input) => {
      const weight = builder.node('Transpose', [square(builder)], { perm: ints([1, 0]) });
      return [builder.node('MatMul', [input, weight]), input];
    }),
  ],
  ['no linear layer', built((builder, input) => [builder.node('Relu', [input]), undefined])],
  [
    'a sum of two branches',
    built((builder, input) => {
      const [left, right] = ['Relu', 'Tanh'].map((op) =>
        builder.node('MatMul', [builder.node(op, [input]), square(builder)]),
      );
      return [builder.node('Add', [left ?? '', right ?? '']), undefined];
    }),
  ],
])('the penultimate value of %s', (_name, { graph, expected }) => {
  expect(penultimateValue(graph, graph.outputs[0]?.name ?? '')).toBe(expected);
});
