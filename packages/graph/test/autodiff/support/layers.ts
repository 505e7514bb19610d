import type { Graph, Tensor } from '@unpair/graph';
import { GraphBuilder, float, float32, int, ints, sizeOf } from '@unpair/graph';

/** A layer as golden/make_second_derivatives.py writes it. */
export type Layer =
  | Convolution
  | { readonly op: 'dense'; readonly weight: readonly number[] }
  | { readonly op: 'batchNormalization' | 'fixedNormalization'; readonly channels: number }
  | { readonly op: 'activation'; readonly name: keyof typeof ACTIVATIONS }
  | Pool
  | { readonly op: 'globalAveragePool' | 'globalMaxPool' | 'flatten' }
  | Quantization
  | { readonly op: 'residual'; readonly body: readonly Layer[]; readonly shortcut: readonly Layer[] };

interface Convolution {
  readonly op: 'conv' | 'convTranspose';
  readonly weight: readonly number[];
  readonly bias?: boolean;
  readonly pad?: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
  /** Of the quantized weight, where it is quantized. */
  readonly scale?: number;
}

interface Pool {
  readonly op: 'maxPool' | 'averagePool';
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
}

interface Quantization {
  readonly op: 'quantize';
  readonly scale: number;
  readonly zeroPoint: number;
  /** Layers that work on the integers. */
  readonly between: readonly Layer[];
}

/** The linear congruential generator of the Python script. */
export class Numbers {
  #state = 12345n;

  draw(shape: readonly number[], low: number, high: number): Tensor<'float32'> {
    const values = Array.from({ length: sizeOf(shape) }, () => {
      this.#state = (1103515245n * this.#state + 12345n) % 2n ** 31n;
      return low + (high - low) * (Number(this.#state >> 15n) / 2 ** 16);
    });
    return float32(shape, values);
  }
}

/** A classifier made of layers, and its weights in the order in which they were drawn. */
export interface LayeredGraph {
  readonly graph: Graph;
  readonly weights: readonly string[];
}

/** `image` [N,3,8,8] → `logits` [N,5], with weights from `numbers`. */
export function layeredGraph(layers: readonly Layer[], numbers: Numbers): LayeredGraph {
  const writer = new LayerWriter(numbers);
  const logits = writer.write(layers, writer.builder.input('image', 'float32', ['N', 3, 8, 8]));
  writer.builder.output(writer.builder.rename(logits, 'logits'), 'float32', ['N', 5]);
  return { graph: writer.builder.build(), weights: writer.weights };
}

class LayerWriter {
  readonly builder = new GraphBuilder('layered');
  readonly weights: string[] = [];
  readonly #numbers: Numbers;

  constructor(numbers: Numbers) {
    this.#numbers = numbers;
  }

  write(layers: readonly Layer[], value: string): string {
    return layers.reduce((x, layer) => this.#layer(layer, x), value);
  }

  #layer(layer: Layer, x: string): string {
    const { builder } = this;
    switch (layer.op) {
      case 'conv':
      case 'convTranspose':
        return this.#convolution(layer, x);
      case 'dense':
        return this.#dense(layer.weight, x);
      case 'batchNormalization':
      case 'fixedNormalization':
        return this.#normalization(layer.channels, x);
      case 'activation':
        return ACTIVATIONS[layer.name](builder, x);
      case 'maxPool':
      case 'averagePool':
        return pool(builder, layer, x);
      case 'quantize':
        return this.#quantized(layer, x);
      case 'residual':
        return builder.node('Add', [this.write(layer.body, x), this.write(layer.shortcut, x)]);
      default:
        return builder.node(`${layer.op.charAt(0).toUpperCase()}${layer.op.slice(1)}`, [x]);
    }
  }

  #convolution({ op, weight: shape, bias, pad = 0, ...options }: Convolution, x: string): string {
    const fanIn = op === 'convTranspose' ? (shape[0] ?? 1) : sizeOf(shape.slice(1));
    const float = this.#weight(shape, -Math.sqrt(6 / fanIn), Math.sqrt(6 / fanIn));
    const weight = options.scale === undefined ? float : this.#quantizedWeight(float, options.scale);
    const inputs = [x, weight, ...(bias === true ? [this.#weight([shape[0] ?? 1], -0.5, 0.5)] : [])];
    const { stride = 1, dilation = 1, groups = 1 } = options;
    return this.builder.node(op === 'conv' ? 'Conv' : 'ConvTranspose', inputs, {
      strides: ints([stride, stride]),
      dilations: ints([dilation, dilation]),
      pads: ints([pad, pad, pad, pad]),
      group: int(groups),
    });
  }

  #dense(shape: readonly number[], x: string): string {
    const bound = Math.sqrt(6 / (shape[1] ?? 1));
    const weight = this.#weight(shape, -bound, bound);
    const bias = this.#weight([shape[0] ?? 1], -0.5, 0.5);
    return this.builder.node('Gemm', [x, weight, bias], { transB: int(1) });
  }

  /** In `layeredGraph` all normalization has fixed statistics; `toTrainingGraph` makes it the batch's own. */
  #normalization(channels: number, x: string): string {
    const { builder } = this;
    const parameters = [this.#weight([channels], 0.5, 1.5), this.#weight([channels], -0.5, 0.5)];
    const statistic = (hint: string, value: (channel: number) => number): string =>
      builder.initializer(
        hint,
        float32(
          [channels],
          Array.from({ length: channels }, (_, c) => value(c)),
        ),
      );
    const mean = statistic('mean', (c) => c / 8);
    const variance = statistic('variance', (c) => c / 4 + 0.5);
    return builder.node('BatchNormalization', [x, ...parameters, mean, variance], { epsilon: float(1e-5) });
  }

  #quantized({ scale, zeroPoint, between }: Quantization, x: string): string {
    const { builder } = this;
    const step = builder.scalar(scale);
    const zero = builder.initializer('zero', {
      dataType: 'uint8',
      shape: [],
      data: Uint8Array.of(zeroPoint),
    });
    const integers = this.write(between, builder.node('QuantizeLinear', [x, step, zero]));
    return builder.node('DequantizeLinear', [integers, step, zero]);
  }

  #quantizedWeight(weight: string, scale: number): string {
    const { builder } = this;
    const zero = builder.initializer('zero', { dataType: 'int8', shape: [], data: Int8Array.of(0) });
    const step = builder.scalar(scale);
    return builder.node('DequantizeLinear', [
      builder.node('QuantizeLinear', [weight, step, zero]),
      step,
      zero,
    ]);
  }

  #weight(shape: readonly number[], low: number, high: number): string {
    const name = this.builder.initializer('weight', this.#numbers.draw(shape, low, high));
    this.weights.push(name);
    return name;
  }
}

function pool(builder: GraphBuilder, { op, kernel, stride, pad }: Pool, x: string): string {
  return builder.node(op === 'maxPool' ? 'MaxPool' : 'AveragePool', [x], {
    kernel_shape: ints([kernel, kernel]),
    strides: ints([stride, stride]),
    pads: ints([pad, pad, pad, pad]),
  });
}

const single =
  (op: string) =>
  (builder: GraphBuilder, x: string): string =>
    builder.node(op, [x]);

const ACTIVATIONS = {
  sigmoid: single('Sigmoid'),
  tanh: single('Tanh'),
  softplus: single('Softplus'),
  elu: single('Elu'),
  relu: single('Relu'),
  hardSwish: single('HardSwish'),
  gelu: (builder: GraphBuilder, x: string) => {
    const erf = builder.node('Erf', [builder.node('Mul', [x, builder.scalar(Math.SQRT1_2)])]);
    const half = builder.node('Mul', [x, builder.scalar(0.5)]);
    return builder.node('Mul', [half, builder.node('Add', [erf, builder.scalar(1)])]);
  },
  swish: (builder: GraphBuilder, x: string) => builder.node('Mul', [x, builder.node('Sigmoid', [x])]),
  relu6: (builder: GraphBuilder, x: string) =>
    builder.node('Clip', [x, builder.scalar(0), builder.scalar(6)]),
  leakyRelu: (builder: GraphBuilder, x: string) => builder.node('LeakyRelu', [x], { alpha: float(0.1) }),
} as const;
