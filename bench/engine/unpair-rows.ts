import type { Executable, Graph, Runtime, Tensors } from '@unpair/graph';
import { LABELS, float32, foldBatchNormalization, lossAndInputGradient } from '@unpair/graph';
import {
  buildTrainingStep,
  layoutSize,
  packTensors,
  sgdStep,
  smoothTargets,
  unpackTensors,
} from '@unpair/robustness';
import { flopsPerImage } from './flops.js';
import type { Row, Workload } from './row.js';

/** The three workloads over batches of `batch` images 32×32×3, on one thread. */
export async function unpairRows(runtime: Runtime, model: Graph, batch: number): Promise<readonly Row[]> {
  const flops = batch * flopsPerImage(model);
  const images = imagesOf(batch);
  const feeds = { ...images, ...labelsOf(batch) };
  const folded = foldBatchNormalization(model);
  const gradient = lossAndInputGradient(folded, 'cross-entropy').graph;
  const load = (graph: Graph): Promise<Executable> => runtime.load(graph, { threads: 1 });
  const forward = await load(folded);
  const backward = await load(gradient);
  return [
    row('forward', flops, () => forward.run(images), forward),
    row('gradient', 2 * flops, () => backward.run(feeds), backward),
    await trainingRow(load, model, batch, feeds),
  ];
}

/** A whole step: losses, gradients of every weight, and the update. */
async function trainingRow(
  load: (graph: Graph) => Promise<Executable>,
  model: Graph,
  batch: number,
  feeds: Tensors,
): Promise<Row> {
  const step = buildTrainingStep(model, batch);
  const executable = await load(step.graph);
  const [weights, momentum, gradient] = [0, 0, 0].map(() => new Float32Array(layoutSize(step.weights)));
  if (weights === undefined || momentum === undefined || gradient === undefined)
    throw new TypeError('no arrays');
  packTensors(step.weights, Object.fromEntries(model.initializers), weights);
  const options = { momentum: 0.9, weightDecay: 5e-4, nesterov: false };
  const once = async (): Promise<void> => {
    const results = await executable.run({ ...feeds, ...unpackTensors(step.weights, weights) });
    const named = step.weights.flatMap(({ name }, index) => {
      const tensor = results[step.gradients[index] ?? ''];
      return tensor === undefined ? [] : [[name, tensor] as const];
    });
    packTensors(step.weights, Object.fromEntries(named), gradient);
    sgdStep({ weights, momentum, gradient }, step.weights, 1e-6, options);
  };
  return row('training', 3 * batch * flopsPerImage(model), once, executable);
}

function row(workload: Workload, flops: number, once: () => Promise<unknown>, executable: Executable): Row {
  return {
    name: `Unpair ${workload}`,
    workload,
    engine: 'unpair',
    flops,
    seconds: [],
    measure: async () => {
      const start = performance.now();
      await once();
      return (performance.now() - start) / 1000;
    },
    close: () => executable.close(),
  };
}

function imagesOf(batch: number): Tensors {
  const pixels = Float32Array.from({ length: batch * 3 * 32 * 32 }, (_, index) => (index * 0.618_034) % 1);
  return { input: float32([batch, 3, 32, 32], pixels) };
}

function labelsOf(batch: number): Tensors {
  const labels = Array.from({ length: batch }, (_, index) => index % 10);
  const distributions = new Float32Array(batch * 10);
  smoothTargets(labels, 10, 0, distributions);
  return { [LABELS]: float32([batch, 10], distributions) };
}
