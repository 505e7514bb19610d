import type { Executable, Graph, Tensors } from '@unpair/graph';
import { TARGET_GRADIENT, float32, lossAndInputGradient, termOutput, termWeights } from '@unpair/graph';
import type { TrainingStep, TrainingStepOptions } from '@unpair/training';
import {
  buildArchitecture,
  buildTrainingStep,
  layoutSize,
  normalInitializer,
  packTensors,
  sgdStep,
  smoothTargets,
  unpackTensors,
} from '@unpair/training';
import { createRandom } from '@unpair/numerics';
import { createOnnxRuntime } from '@unpair/runtime';
import { describe, expect, it } from 'vitest';

const SHARD = 8;
const cifar = { image: [3, 8, 8], classes: 4, mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25] } as const;
const objective = { terms: ['cross-entropy', 'squared-cosine'] } as const;

function model(seed: number): Graph {
  return buildArchitecture('resnet', { depth: 8, width: 4 }, cifar, normalInitializer(seed));
}

function samples(): Tensors {
  const random = createRandom({ seed: 1, cell: 'samples', sample: 0 });
  const labels = new Float32Array(SHARD * 4);
  smoothTargets([0, 1, 2, 3, 0, 1, 2, 3], 4, 0, labels);
  return {
    input: float32(
      [SHARD, 3, 8, 8],
      new Float32Array(SHARD * 192).map(() => random.uniform()),
    ),
    labels: float32([SHARD, 4], labels),
  };
}

/** Weighs the loss by 1, and the squared cosine. */
function weighing(cosine: number): Tensors {
  const [loss, penalty] = [1, cosine].map((weight) => float32([SHARD], new Float32Array(SHARD).fill(weight)));
  if (loss === undefined || penalty === undefined) throw new Error('two weights');
  return { [termWeights('cross-entropy')]: loss, [termWeights('squared-cosine')]: penalty };
}

/** Input gradients of a model with its running statistics, as an attacker sees them. */
async function inputGradients(graph: Graph, feeds: Tensors): Promise<Tensors> {
  const white = lossAndInputGradient(graph, 'cross-entropy');
  const executable = await createOnnxRuntime().load(white.graph);
  const { [white.gradient]: gradient = float32([0], []) } = await executable.run(feeds);
  await executable.close();
  return { [TARGET_GRADIENT]: gradient };
}

/** A few steps of gradient descent; gives the mean penalty before each. */
async function descend(graph: Graph, options: TrainingStepOptions, feeds: Tensors): Promise<number[]> {
  const step = buildTrainingStep(graph, SHARD, options);
  const executable = await createOnnxRuntime().load(step.graph);
  const weights = new Float32Array(layoutSize(step.weights));
  const momentum = new Float32Array(weights.length);
  packTensors(step.weights, Object.fromEntries(graph.initializers), weights);
  const penalties: number[] = [];
  for (let count = 0; count < 8; count++) {
    const { penalty, gradient } = await evaluate(step, executable, feeds, weights);
    penalties.push(penalty);
    const sgd = { momentum: 0.9, weightDecay: 0, nesterov: false };
    sgdStep({ weights, momentum, gradient }, step.weights, 0.002, sgd);
  }
  await executable.close();
  return penalties;
}

async function evaluate(
  step: TrainingStep,
  executable: Executable,
  feeds: Tensors,
  weights: Float32Array,
): Promise<{ readonly penalty: number; readonly gradient: Float32Array }> {
  const results = await executable.run({ ...feeds, ...unpackTensors(step.weights, weights) });
  const gradient = new Float32Array(weights.length);
  const named = step.weights.map(({ name }, index) => [name, results[step.gradients[index] ?? '']] as const);
  packTensors(step.weights, Object.fromEntries(named.flatMap(([n, t]) => (t ? [[n, t]] : []))), gradient);
  const values = Array.from(results[termOutput('squared-cosine')]?.data ?? [], Number);
  return { penalty: values.reduce((sum, value) => sum + value, 0) / SHARD, gradient };
}

describe('buildTrainingStep', () => {
  it('needs a target where terms compare with one', () => {
    const inputs = (options: TrainingStepOptions): readonly string[] =>
      buildTrainingStep(model(1), SHARD, options).graph.inputs.map(({ name }) => name);
    expect(inputs({})).not.toContain(TARGET_GRADIENT);
    expect(inputs({ objective })).toContain(TARGET_GRADIENT);
  });

  it('with a penalty of weight 0 has the gradients of the loss alone', async () => {
    const graph = model(1);
    const feeds = samples();
    const plain = buildTrainingStep(graph, SHARD);
    const penalized = buildTrainingStep(graph, SHARD, { objective });
    const weights = new Float32Array(layoutSize(plain.weights));
    packTensors(plain.weights, Object.fromEntries(graph.initializers), weights);
    const target = await inputGradients(model(2), feeds);
    const gradients = await Promise.all(
      [plain, penalized].map(async (step) => {
        const executable = await createOnnxRuntime().load(step.graph);
        const fed = step === plain ? feeds : { ...feeds, ...target, ...weighing(0) };
        const { gradient } = await evaluate(step, executable, fed, weights);
        await executable.close();
        return gradient;
      }),
    );
    const [without = new Float32Array(), together = new Float32Array()] = gradients;
    const distance = Math.hypot(...without.map((value, index) => value - (together[index] ?? NaN)));
    expect(distance / Math.hypot(...without)).toBeLessThan(1e-5);
  });

  it.each(['batch', 'running'] as const)(
    'unpairs a copy of a model from it, with the statistics of %s',
    async (normalization) => {
      const feeds = samples();
      const target = await inputGradients(model(1), feeds);
      const options = { normalization, objective };
      const penalties = await descend(model(1), options, { ...feeds, ...target, ...weighing(1) });
      if (normalization === 'running') expect(penalties[0]).toBeCloseTo(1, 5);
      expect(penalties.at(-1)).toBeLessThan(0.5 * (penalties[0] ?? 0));
    },
  );

  it('with running statistics leaves them as they are', () => {
    const step = buildTrainingStep(model(1), SHARD, { normalization: 'running' });
    expect(step.statistics).toEqual([]);
    expect(step.graph.outputs.map(({ name }) => name).filter((name) => name.startsWith('next_'))).toEqual([]);
  });
});
