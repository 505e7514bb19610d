import type { Graph } from '@unpair/graph';
import { GraphBuilder, float, float32, int, ints } from '@unpair/graph';
import type { ClassifierShape } from './architecture.js';
import type { Initializer } from './initialization.js';
import { heDeviation } from './initialization.js';

export interface ConvolutionOptions {
  readonly inputs: number;
  readonly outputs: number;
  /** Odd; the padding keeps the size. */
  readonly kernel: number;
  readonly stride?: number;
  /** Parts that channels are divided into, each convolved by itself. Default 1. */
  readonly groups?: number;
}

export type Activation = 'relu' | 'relu6';

/**
 * The layers that image classifiers are made of, written into one growing graph. Weights are named after the layer
 * (`stage1.block0.conv1.weight`), so that they can be found again in a trained file.
 */
export class ClassifierLayers {
  readonly #graph: GraphBuilder;
  readonly #shape: ClassifierShape;
  readonly #initialize: Initializer;
  #bounds: readonly string[] | undefined;

  constructor(name: string, shape: ClassifierShape, initialize: Initializer) {
    this.#graph = new GraphBuilder(name);
    this.#shape = shape;
    this.#initialize = initialize;
  }

  /** Declares the images and normalises them; returns [N,C,H,W]. */
  normalizedInput(): string {
    const { image, mean, deviation } = this.#shape;
    const input = this.#graph.input('input', 'float32', ['N', ...image]);
    const perChannel = (hint: string, values: readonly number[]): string =>
      this.#graph.initializer(hint, float32([values.length, 1, 1], values));
    const centred = this.#graph.node('Sub', [input, perChannel('mean', mean)]);
    return this.#graph.node('Div', [centred, perChannel('deviation', deviation)]);
  }

  /** A convolution without bias: batch normalization follows. */
  convolution(name: string, value: string, options: ConvolutionOptions): string {
    const { inputs, outputs, kernel, stride = 1, groups = 1 } = options;
    const shape = [outputs, inputs / groups, kernel, kernel];
    const deviation = heDeviation((inputs / groups) * kernel * kernel);
    const weight = this.#weight(`${name}.weight`, shape, deviation);
    const pad = (kernel - 1) / 2;
    return this.#graph.node('Conv', [value, weight], {
      kernel_shape: ints([kernel, kernel]),
      strides: ints([stride, stride]),
      pads: ints([pad, pad, pad, pad]),
      ...(groups === 1 ? {} : { group: int(groups) }),
    });
  }

  /** Batch normalization that starts as the identity over [N,`channels`,H,W]. */
  batchNormalization(name: string, value: string, channels: number): string {
    const constant = (part: string, start: number): string =>
      this.#graph.initializer(`${name}.${part}`, float32([channels], new Float32Array(channels).fill(start)));
    const parameters = [constant('scale', 1), constant('bias', 0), constant('mean', 0), constant('var', 1)];
    return this.#graph.node('BatchNormalization', [value, ...parameters], { epsilon: float(1e-5) });
  }

  relu(value: string): string {
    return this.#graph.node('Relu', [value]);
  }

  /** Maximum over windows of `size` × `size` that do not overlap. */
  maxPool(value: string, size: number): string {
    return this.#graph.node('MaxPool', [value], {
      kernel_shape: ints([size, size]),
      strides: ints([size, size]),
    });
  }

  /** ReLU clipped at 6. */
  relu6(value: string): string {
    this.#bounds ??= [0, 6].map((bound) => this.#graph.scalar(bound));
    return this.#graph.node('Clip', [value, ...this.#bounds]);
  }

  add(left: string, right: string): string {
    return this.#graph.node('Add', [left, right]);
  }

  /** Convolution and batch normalization. */
  normalized(name: string, value: string, options: ConvolutionOptions): string {
    const convolved = this.convolution(`${name}.conv`, value, options);
    return this.batchNormalization(`${name}.norm`, convolved, options.outputs);
  }

  /** Convolution, batch normalization, activation. */
  activated(
    name: string,
    value: string,
    options: ConvolutionOptions,
    activation: Activation = 'relu',
  ): string {
    return this[activation](this.normalized(name, value, options));
  }

  /** Mean over the pixels, then a linear layer to `logits` [N,classes]; ends the graph. */
  finish(value: string, channels: number): Graph {
    const { classes } = this.#shape;
    const features = this.#graph.node('Flatten', [this.#graph.node('GlobalAveragePool', [value])], {
      axis: int(1),
    });
    const weight = this.#weight('classifier.weight', [channels, classes], Math.sqrt(1 / channels));
    const bias = this.#graph.initializer('classifier.bias', float32([classes], new Float32Array(classes)));
    const logits = this.#graph.node('Gemm', [features, weight, bias]);
    this.#graph.output(this.#graph.rename(logits, 'logits'), 'float32', ['N', classes]);
    return this.#graph.build();
  }

  #weight(name: string, shape: readonly number[], deviation: number): string {
    return this.#graph.initializer(name, this.#initialize(name, shape, deviation));
  }
}
