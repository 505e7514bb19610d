import type * as Tfjs from '@tensorflow/tfjs-core';
import type { Graph, Node, Tensor } from '@unpair/graph';
import { foldBatchNormalization, foldConstants, intsAttribute } from '@unpair/graph';
import { createRuntime } from '@unpair/runtime';
import type { Case } from './cases.js';
import type { Engine, Row, Workload } from './row.js';

type Tf = typeof Tfjs;

/**
 * TensorFlow.js as it comes: the same model written in its own operations, and its own autodiff, on its WebAssembly
 * backend. No training: that backend has no gradient of a filter.
 */
export async function stockTensorflow(): Promise<Engine> {
  // Also gives its WebAssembly backend the path of its binaries.
  await createRuntime('tensorflow', { backend: 'wasm' });
  const tf = await import('@tensorflow/tfjs-core');
  // The gradients of the operations are registered by the package above.
  await import('@tensorflow/tfjs-layers');
  return { name: `stock TensorFlow.js ${tf.version_core} wasm`, rows: (model) => rowsOf(tf, model) };
}

async function rowsOf(tf: Tf, { build, batch, side, classes }: Case): Promise<readonly Row[]> {
  const graph = foldConstants(foldBatchNormalization(build()));
  if (!graph.nodes.every(({ op }) => Object.hasOwn(OPERATIONS, op))) return [];
  await tf.setBackend('wasm');
  const weights = new Map([...graph.initializers].map(([name, tensor]) => [name, constantOf(tf, tensor)]));
  const images = tf.fill<Tfjs.Rank.R4>([batch, side, side, 3], 0.5);
  const labels = tf.oneHot(
    Array.from({ length: batch }, (_, index) => index % classes),
    classes,
  );
  const forward = (x: Tfjs.Tensor, fuses: boolean): Tfjs.Tensor => interpret(tf, graph, weights, x, fuses);
  const loss = (x: Tfjs.Tensor): Tfjs.Scalar =>
    tf.losses.softmaxCrossEntropy(labels, forward(x, false), undefined, undefined, tf.Reduction.SUM);
  const gradient = tf.grad(loss);
  const close = (): Promise<void> => {
    tf.dispose([images, labels, ...weights.values()]);
    return Promise.resolve();
  };
  return [
    timed(
      tf,
      'forward',
      () => forward(images, true),
      () => Promise.resolve(),
    ),
    timed(tf, 'gradient', () => gradient(images), close),
  ];
}

function timed(tf: Tf, workload: Workload, compute: () => Tfjs.Tensor, close: () => Promise<void>): Row {
  return {
    engine: 'stock tfjs wasm',
    workload,
    seconds: [],
    measure: async () => {
      await tf.setBackend('wasm');
      const start = performance.now();
      tf.tidy(() => compute().dataSync());
      return (performance.now() - start) / 1000;
    },
    close,
  };
}

/** Constants as TensorFlow.js wants them: filters [O,C,h,w] as [h,w,C,O], values for each channel as vectors. */
function constantOf(tf: Tf, { shape, data }: Tensor): Tfjs.Tensor {
  return tf.tidy(() => {
    const tensor = tf.tensor(data as Float32Array, [...shape], 'float32');
    if (shape.length === 4) return tf.transpose(tensor, [2, 3, 1, 0]);
    return shape.length === 3 ? tf.reshape(tensor, [-1]) : tf.clone(tensor);
  });
}

interface Operands {
  readonly tf: Tf;
  readonly node: Node;
  readonly inputs: readonly Tfjs.Tensor[];
  /** Whether convolutions use the operation that adds the bias too: its gradient needs that of the filter. */
  readonly fuses: boolean;
}

type Operation = (operands: Operands) => Tfjs.Tensor | undefined;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  Conv: ({ tf, node, inputs: [x, filter, bias], fuses }) => {
    const pads = intsAttribute(node, 'pads') ?? [0, 0, 0, 0];
    const [top = 0, left = 0, bottom = 0, right = 0] = pads;
    const pad: [[0, 0], [number, number], [number, number], [0, 0]] = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    const strides = (intsAttribute(node, 'strides') ?? [1, 1]) as [number, number];
    const [image, kernel] = [x as Tfjs.Tensor4D, filter as Tfjs.Tensor4D];
    if (fuses && bias !== undefined) return tf.fused.conv2d({ x: image, filter: kernel, strides, pad, bias });
    const y = tf.conv2d(image, kernel, strides, pad);
    return bias === undefined ? y : tf.add(y, bias);
  },
  Relu: ({ tf, inputs: [x] }) => x && tf.relu(x),
  Add: ({ tf, inputs: [a, b] }) => a && b && tf.add(a, b),
  Sub: ({ tf, inputs: [a, b] }) => a && b && tf.sub(a, b),
  Div: ({ tf, inputs: [a, b] }) => a && b && tf.div(a, b),
  GlobalAveragePool: ({ tf, inputs: [x] }) => x && tf.mean(x, [1, 2]),
  Flatten: ({ inputs: [x] }) => x,
  Identity: ({ inputs: [x] }) => x,
  Gemm: ({ tf, inputs: [a, b, c] }) => {
    const product = a && b && tf.matMul(a, b);
    return product && c ? tf.add(product, c) : product;
  },
};

function interpret(
  tf: Tf,
  graph: Graph,
  weights: ReadonlyMap<string, Tfjs.Tensor>,
  images: Tfjs.Tensor,
  fuses: boolean,
): Tfjs.Tensor {
  const values = new Map(weights);
  const [input] = graph.inputs;
  values.set(input?.name ?? '', images);
  for (const node of graph.nodes) {
    const inputs = node.inputs.flatMap((name) => values.get(name) ?? []);
    const y = OPERATIONS[node.op]?.({ tf, node, inputs, fuses });
    if (y === undefined) throw new TypeError(`node "${node.name}" gave nothing`);
    values.set(node.outputs[0] ?? '', y);
  }
  const logits = values.get(graph.outputs[0]?.name ?? '');
  if (logits === undefined) throw new TypeError('the model has no output');
  return logits;
}
