import { readFileSync } from 'node:fs';

import type { Graph, Node, Tensor, Tensors } from '@unpair/graph';
import {
  GraphBuilder,
  decodeModel,
  encodeModel,
  float32,
  foldConstants,
  gradient,
  gradientName,
  int,
  ints,
  lossAndInputGradient,
  sizeOf,
} from '@unpair/graph';
import { createOnnxRuntime } from '@unpair/runtime';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { lowerConvolutions } from '../src/onnxruntime/blocked/lower-convolutions.js';

/** Seeded numbers around zero. */
function numbers(shape: readonly number[], phase: number, scale = 1): Tensor<'float32'> {
  return float32(
    shape,
    new Float32Array(sizeOf(shape)).map((_, index) => scale * Math.sin(index + phase)),
  );
}

/** What onnxruntime makes of the graph when it is left as it is. */
async function unlowered(graph: Graph, feeds: Tensors): Promise<Readonly<Record<string, Float32Array>>> {
  const session = await ort.InferenceSession.create(encodeModel(graph), { logSeverityLevel: 4 });
  const entries = Object.entries(feeds).map(
    ([name, { data, shape }]) => [name, new ort.Tensor('float32', data as Float32Array, shape)] as const,
  );
  const results = await session.run(Object.fromEntries(entries));
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

/** Holds all outputs of a graph, lowered, against those that it has unlowered. */
async function expectUnchanged(graph: Graph, feeds: Tensors): Promise<void> {
  const expected = await unlowered(graph, feeds);
  const executable = await createOnnxRuntime().load(graph);
  const results = await executable.run(feeds);
  await executable.close();
  for (const { name } of graph.outputs) {
    const values = results[name]?.data as Float32Array;
    expect(values).toHaveLength(expected[name]?.length ?? NaN);
    const distance = Math.hypot(...values.map((value, i) => value - (expected[name]?.[i] ?? NaN)));
    expect(distance).toBeLessThan(1e-5 * Math.hypot(...values));
  }
}

const count = (nodes: readonly Node[], op: string): number => nodes.filter((node) => node.op === op).length;
const plainConvolutions = ({ nodes }: Graph): number =>
  nodes.filter(({ op, domain }) => op === 'Conv' && domain === '').length;

/** The gradients of a depthwise convolution with fed filters, weighted with `seed`. */
function depthwiseGradients(channels: number): { readonly graph: Graph; readonly feeds: Tensors } {
  const shapes = { x: [2, channels, 6, 6], w: [channels, 1, 3, 3], seed: [2, channels, 6, 6] } as const;
  const builder = new GraphBuilder('depthwise');
  for (const [name, shape] of Object.entries(shapes)) builder.input(name, 'float32', shape);
  const attributes = { pads: ints([1, 1, 1, 1]), group: int(channels) };
  const y = builder.rename(builder.node('Conv', ['x', 'w'], attributes), 'y');
  builder.output(y, 'float32', shapes.x);
  const feeds = Object.entries(shapes).map(([name, shape], i) => [name, numbers(shape, i)] as const);
  return {
    graph: gradient(builder.build(), { of: 'y', wrt: ['x', 'w'], seed: 'seed' }),
    feeds: Object.fromEntries(feeds),
  };
}

describe('depthwise convolutions with fed weights', () => {
  it.each([16, 12, 6])('of %d channels have the gradients that they have unblocked', async (channels) => {
    const { graph, feeds } = depthwiseGradients(channels);
    expect(graph.outputs.map(({ name }) => name)).toContain(gradientName('y', 'w'));
    await expectUnchanged(graph, feeds);
  });

  it('reorder each image once, although the weight gradient reads it in another shape', () => {
    const lowered = lowerConvolutions(depthwiseGradients(16).graph, 8);
    expect(plainConvolutions(lowered)).toBe(0);
    // The image, the adjoint of the result, the filter, and the filter turned round.
    expect(count(lowered.nodes, 'ReorderInput')).toBe(4);
  });

  it('stay as they are where the channels do not fill a vector', () => {
    expect(plainConvolutions(lowerConvolutions(depthwiseGradients(6).graph, 8))).toBe(2);
  });
});

interface Layer {
  readonly filters: readonly [outputs: number, inputs: number, height: number, width: number];
  readonly stride?: number;
  readonly groups?: number;
}

/** Layers of a small classifier with constant weights, whose batch is open. */
class Network {
  readonly builder = new GraphBuilder('network');
  readonly images = this.builder.input('images', 'float32', ['N', 3, 12, 12]);

  convolve(x: string, { filters, stride = 1, groups = 1 }: Layer): string {
    const [outputs, inputs, height] = filters;
    const pad = Math.floor(height / 2);
    const scale = 1.5 / Math.sqrt(inputs * height * height);
    const weights = this.builder.initializer('w', numbers(filters, outputs, scale));
    const bias = this.builder.initializer('b', numbers([outputs], inputs, 0.3));
    const attributes = {
      strides: ints([stride, stride]),
      pads: ints([pad, pad, pad, pad]),
      group: int(groups),
    };
    return this.builder.node('Conv', [x, weights, bias], attributes);
  }

  clip(x: string): string {
    return this.builder.node('Clip', [x, this.builder.scalar(0), this.builder.scalar(0.5)]);
  }

  relu(x: string): string {
    return this.builder.node('Relu', [x]);
  }

  /** Rounds to 8 bits and back; with `other`, back to another scale as well, and adds both. */
  rounded(x: string, other = 0): string {
    const { builder } = this;
    const zero = builder.initializer('zero', { dataType: 'uint8', shape: [], data: Uint8Array.of(100) });
    const integers = builder.node('QuantizeLinear', [x, builder.scalar(0.02), zero]);
    const real = (scale: number): string =>
      builder.node('DequantizeLinear', [integers, builder.scalar(scale), zero]);
    return other === 0 ? real(0.02) : builder.node('Add', [real(0.02), real(other)]);
  }

  /** Closes the network; the loss’s gradient with respect to its images. */
  gradient(x: string, channels: number): Graph {
    const { builder } = this;
    const pooled = builder.node('Flatten', [builder.node('GlobalAveragePool', [x])]);
    const weights = builder.initializer('dense', numbers([channels, 4], 3));
    builder.output(builder.node('MatMul', [pooled, weights]), 'float32', ['N', 4]);
    return lossAndInputGradient(builder.build(), 'cross-entropy').graph;
  }
}

/** Inverted residuals of 12 channels, with a stride of 1 and of 2. */
function invertedResiduals(): Graph {
  const net = new Network();
  const first = net.clip(net.convolve(net.images, { filters: [12, 3, 3, 3] }));
  const wide = net.clip(net.convolve(first, { filters: [40, 12, 1, 1] }));
  const deep = net.clip(net.convolve(wide, { filters: [40, 1, 3, 3], groups: 40 }));
  const sum = net.builder.node('Add', [first, net.convolve(deep, { filters: [12, 40, 1, 1] })]);
  const again = net.clip(net.convolve(sum, { filters: [40, 12, 1, 1] }));
  const halved = net.clip(net.convolve(again, { filters: [40, 1, 3, 3], groups: 40, stride: 2 }));
  return net.gradient(net.convolve(halved, { filters: [20, 40, 1, 1] }), 20);
}

/** A residual block whose shortcut is a convolution with a stride, with pools before and behind it. */
function strided(): Graph {
  const net = new Network();
  const stem = net.relu(net.convolve(net.images, { filters: [16, 3, 3, 3] }));
  const pool = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
  const pooled = net.builder.node('MaxPool', [stem], pool);
  const body = net.relu(net.convolve(pooled, { filters: [32, 16, 3, 3], stride: 2 }));
  const sum = net.builder.node('Add', [
    net.convolve(body, { filters: [32, 32, 3, 3] }),
    net.convolve(pooled, { filters: [32, 16, 1, 1], stride: 2 }),
  ]);
  const grouped = net.relu(net.convolve(net.relu(sum), { filters: [32, 16, 3, 3], groups: 2 }));
  const average = { kernel_shape: ints([3, 3]), count_include_pad: int(0), pads: ints([1, 1, 1, 1]) };
  return net.gradient(net.builder.node('AveragePool', [grouped], average), 32);
}

/** Layers whose results are 8-bit, one of them read at two scales. */
function quantized(): Graph {
  const net = new Network();
  const first = net.rounded(net.relu(net.convolve(net.rounded(net.images), { filters: [16, 3, 3, 3] })));
  const second = net.rounded(net.relu(net.convolve(first, { filters: [16, 16, 3, 3] })), 0.05);
  return net.gradient(net.rounded(net.convolve(second, { filters: [20, 16, 1, 1] })), 20);
}

describe('input gradients of networks', () => {
  const feeds = {
    images: numbers([3, 3, 12, 12], 1),
    labels: float32([3, 4], [1, 0, 0, 0, 0, 0, 1, 0, 0, 0.5, 0, 0.5]),
  };

  it.each([
    ['inverted residuals', invertedResiduals],
    ['a strided residual block between pools', strided],
    ['layers of 8 bits', quantized],
  ])('are what they are unblocked, for %s', async (_, build) => {
    await expectUnchanged(build(), feeds);
  });

  it('leave the blocked order at their ends alone', () => {
    const { nodes } = lowerConvolutions(invertedResiduals(), 8);
    expect(plainConvolutions({ ...invertedResiduals(), nodes })).toBe(0);
    // Into it from the images' own adjoint; out of it towards the pooled features and the gradient of the images.
    expect(count(nodes, 'ReorderInput')).toBe(1);
    expect(count(nodes, 'ReorderOutput')).toBe(2);
  });

  it('leave it for no rounding either', () => {
    const { nodes } = lowerConvolutions(quantized(), 8);
    expect(count(nodes, 'ReorderInput')).toBe(1);
    expect(count(nodes, 'ReorderOutput')).toBe(2);
  });

  it('merge sums and activations into convolutions', () => {
    const graph = invertedResiduals();
    const lowered = lowerConvolutions(graph, 8);
    expect(count(graph.nodes, 'Clip')).toBe(5);
    expect(count(lowered.nodes, 'Clip')).toBe(0);
    expect(count(lowered.nodes, 'Add')).toBeLessThan(count(graph.nodes, 'Add'));
  });

  it('take one convolution for each phase of a stride, and no transposition of images', () => {
    const graph = invertedResiduals();
    const lowered = lowerConvolutions(graph, 8);
    expect(count(lowered.nodes, 'Conv')).toBe(count(graph.nodes, 'Conv') + 3);
    expect(count(lowered.nodes, 'Concat')).toBe(3);
  });
});

describe('input gradients of what PyTorch exports', () => {
  const folder = new URL('../../graph/test/golden/architectures/', import.meta.url);
  const names = [
    'densenet.11',
    'mobilenet-v2.12',
    'mobilenet-v3.16',
    'resnet.17',
    'shufflenet-v2.16',
    'vgg.9',
  ];

  it.each(names)('are what they are unblocked, for %s', async (name) => {
    const model = foldConstants(decodeModel(readFileSync(new URL(`${name}.onnx`, folder))));
    const { graph, input } = lossAndInputGradient(model, 'cross-entropy');
    expect(lowerConvolutions(graph, 8)).not.toBe(graph);
    const labels = float32(
      [2, 10],
      Float32Array.from({ length: 20 }, (_, i) => (i === 3 || i === 17 ? 1 : 0)),
    );
    await expectUnchanged(graph, { [input]: numbers([2, 3, 32, 32], 0), labels });
  });
});

it('graphs of constant weights without masks are left to onnxruntime', () => {
  const net = new Network();
  const y = net.relu(net.convolve(net.images, { filters: [16, 3, 3, 3] }));
  net.builder.output(y, 'float32', ['N', 16, 12, 12]);
  const graph = net.builder.build();
  expect(lowerConvolutions(graph, 8)).toBe(graph);
});
