import type { Executable, Graph, Runtime, Tensors } from '@unpair/graph';
import {
  LABELS,
  TARGET_GRADIENT,
  float32,
  foldBatchNormalization,
  foldConstants,
  lossAndInputGradient,
  sizeOf,
  termWeights,
} from '@unpair/graph';
import type { TrainingStepOptions } from '@unpair/training';
import {
  buildTrainingStep,
  layoutSize,
  packTensors,
  sgdStep,
  smoothTargets,
  unpackTensors,
} from '@unpair/training';
import type { Case } from './cases.js';
import type { Engine, Row, Workload } from './row.js';

/** What the rows named "unpairing" minimize, each with weight 1. */
const UNPAIRING_TERMS = ['cross-entropy', 'squared-cosine'] as const;

/** Measures one of our runtimes, on one thread. */
export function runtimeEngine(runtime: Runtime): Engine {
  return {
    name: `${runtime.name} ${runtime.version} ${runtime.device}`,
    rows: (model) => rowsOf(runtime, model),
  };
}

async function rowsOf(runtime: Runtime, { build, batch, side, classes }: Case): Promise<readonly Row[]> {
  const model = build();
  const images = { input: noise([batch, 3, side, side], 1) };
  const feeds = { ...images, ...labelsOf(batch, classes) };
  const folded = foldConstants(foldBatchNormalization(model));
  const load = (graph: Graph): Promise<Executable> => runtime.load(graph, { threads: 1 });
  const row = (workload: Workload, executable: Executable, once: () => Promise<unknown>): Row =>
    timed(`Unpair ${runtime.name}`, workload, executable, once);
  const forward = await load(folded);
  const gradient = await load(lossAndInputGradient(folded, 'cross-entropy').graph);
  const training = await trainingStep(load, model, batch, {});
  const unpairing = await trainingStep(load, model, batch, {
    objective: { terms: UNPAIRING_TERMS },
  });
  const ones = float32([batch], new Float32Array(batch).fill(1));
  const weights = Object.fromEntries(UNPAIRING_TERMS.map((term) => [termWeights(term), ones]));
  const target = { ...feeds, ...weights, [TARGET_GRADIENT]: noise([batch, 3, side, side], 7) };
  return [
    row('forward', forward, () => forward.run(images)),
    row('gradient', gradient, () => gradient.run(feeds)),
    row('training', training.executable, () => training.once(feeds)),
    row('unpairing', unpairing.executable, () => unpairing.once(target)),
  ];
}

interface TimedStep {
  readonly executable: Executable;
  readonly once: (feeds: Tensors) => Promise<void>;
}

/** A whole step: losses, gradients of every weight, and the update. */
async function trainingStep(
  load: (graph: Graph) => Promise<Executable>,
  model: Graph,
  batch: number,
  options: TrainingStepOptions,
): Promise<TimedStep> {
  const step = buildTrainingStep(model, batch, options);
  const executable = await load(step.graph);
  const length = layoutSize(step.weights);
  const state = {
    weights: new Float32Array(length),
    momentum: new Float32Array(length),
    gradient: new Float32Array(length),
  };
  packTensors(step.weights, Object.fromEntries(model.initializers), state.weights);
  const sgd = { momentum: 0.9, weightDecay: 5e-4, nesterov: false };
  const once = async (feeds: Tensors): Promise<void> => {
    const results = await executable.run({ ...feeds, ...unpackTensors(step.weights, state.weights) });
    const named = step.weights.flatMap(({ name }, index) => {
      const tensor = results[step.gradients[index] ?? ''];
      return tensor === undefined ? [] : [[name, tensor] as const];
    });
    packTensors(step.weights, Object.fromEntries(named), state.gradient);
    sgdStep(state, step.weights, 1e-6, sgd);
  };
  return { executable, once };
}

function timed(
  engine: string,
  workload: Workload,
  executable: Executable,
  once: () => Promise<unknown>,
): Row {
  return {
    engine,
    workload,
    seconds: [],
    measure: async () => {
      const start = performance.now();
      await once();
      return (performance.now() - start) / 1000;
    },
    close: () => executable.close(),
  };
}

function noise(shape: readonly number[], factor: number): ReturnType<typeof float32> {
  const values = new Float32Array(sizeOf(shape)).map((_, index) => (index * factor * 0.618_034) % 1);
  return float32(shape, values);
}

function labelsOf(batch: number, classes: number): Tensors {
  const labels = Array.from({ length: batch }, (_, index) => index % classes);
  const distributions = new Float32Array(batch * classes);
  smoothTargets(labels, classes, 0, distributions);
  return { [LABELS]: float32([batch, classes], distributions) };
}
