import type { Attributes } from '@unpair/graph';
import { int, ints, string } from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { gradient, gradientName } from '@unpair/graph';
import { checkGradient, graphOf, load } from './support/check-gradient.js';
import { float32 } from '@unpair/graph';

interface Case {
  readonly x: readonly number[];
  readonly attributes: Attributes;
}

const kernel = (...values: number[]): Attributes => ({ kernel_shape: ints(values) });
const strides = (...values: number[]): Attributes => ({ strides: ints(values) });
const pads = (...values: number[]): Attributes => ({ pads: ints(values) });
const ceil: Attributes = { ceil_mode: int(1) };

const pools: readonly Case[] = [
  { x: [2, 3, 6, 4], attributes: { ...kernel(2, 2), ...strides(2, 2) } },
  { x: [2, 3, 7, 5], attributes: { ...kernel(2, 2), ...strides(2, 2) } },
  { x: [2, 3, 7, 6], attributes: { ...kernel(3, 3), ...strides(2, 2), ...pads(1, 1, 1, 1) } },
  { x: [2, 3, 7, 6], attributes: { ...kernel(3, 2), ...strides(1, 1), ...pads(1, 0, 1, 1) } },
  { x: [1, 2, 7, 6], attributes: { ...kernel(2, 2), ...strides(3, 3) } },
  { x: [1, 2, 7, 6], attributes: { ...kernel(3, 3), ...strides(2, 2), ...ceil } },
  { x: [1, 2, 7, 6], attributes: { ...kernel(3, 3), ...strides(2, 2), auto_pad: string('SAME_UPPER') } },
  { x: [1, 2, 10], attributes: { ...kernel(3), ...strides(2) } },
];

describe.each(['MaxPool', 'AveragePool'])('%s', (op) => {
  it.each(pools.map((entry) => [JSON.stringify(entry), entry] as const))(
    '%s',
    async (_, { x, attributes }) => {
      await checkGradient(
        graphOf({ x: { shape: x } }, (b) => b.node(op, ['x'], attributes), x),
        { x: { shape: x } },
        { step: 1e-3 },
      );
    },
  );
});

it('AveragePool counts its padding where asked to', async () => {
  const x = { shape: [2, 3, 7, 6] };
  const attributes = { ...kernel(3, 3), ...strides(2, 2), ...pads(1, 1, 1, 1), count_include_pad: int(1) };
  await checkGradient(
    graphOf({ x }, (b) => b.node('AveragePool', ['x'], attributes), x.shape),
    { x },
  );
});

it('MaxPool with dilations', async () => {
  const x = { shape: [1, 2, 9, 9] };
  const attributes = { ...kernel(2, 3), ...strides(2, 2), dilations: ints([3, 2]) };
  await checkGradient(
    graphOf({ x }, (b) => b.node('MaxPool', ['x'], attributes), x.shape),
    { x },
    { step: 1e-3 },
  );
});

it.each(['GlobalAveragePool', 'GlobalMaxPool'])('%s', async (op) => {
  for (const shape of [
    [2, 3, 4, 5],
    [2, 3, 7],
  ]) {
    const x = { shape };
    await checkGradient(
      graphOf({ x }, (b) => b.node(op, ['x']), shape),
      { x },
      { step: 1e-3 },
    );
  }
});

it('gives the whole adjoint of a tied MaxPool window to its first element', async () => {
  const attributes = { ...kernel(2, 2), ...strides(2, 2) };
  const graph = graphOf(
    { x: { shape: [1, 1, 2, 4] } },
    (b) => b.node('MaxPool', ['x'], attributes),
    [1, 1, 1, 2],
  );
  const of = graph.outputs[0]?.name ?? '';
  await using session = await load(gradient(graph, { of, wrt: ['x'] }));
  const results = await session.run({ x: float32([1, 1, 2, 4], [0, 5, 3, 3, 5, 5, 3, 3]) });
  expect([...(results[gradientName(of, 'x')]?.data ?? [])]).toEqual([0, 1, 1, 0, 0, 0, 0, 0]);
});
