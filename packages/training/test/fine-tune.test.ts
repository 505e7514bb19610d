import type { Graph, Tensors } from '@unpair/graph';
import { TEACHER_LOGITS, encodeModel, float32 } from '@unpair/graph';
import type {
  Evaluation,
  FineTuneOptions,
  FineTuneProgress,
  Measures,
  ShardBatch,
  ShownRows,
} from '@unpair/training';
import { UnpairError } from '@unpair/errors';
import { buildTrainingStep, fineTune } from '@unpair/training';
import { mean } from '@unpair/numerics';
import { createRuntime } from '@unpair/runtime';
import { describe, expect, it } from 'vitest';
import { brightSamples, smallResnet } from './support/bright-samples.js';
import { MemoryCheckpoints } from './support/memory-checkpoints.js';
import { SHORT_SCHEDULE } from './support/trained-resnet.js';

const base: FineTuneOptions = {
  graph: smallResnet(),
  runtime: await createRuntime(),
  samples: brightSamples(),
  schedule: { ...SHORT_SCHEDULE, epochs: 3 },
};

async function trained(options: Partial<FineTuneOptions> = {}): Promise<{
  readonly graph: Graph;
  readonly steps: readonly FineTuneProgress[];
}> {
  const steps: FineTuneProgress[] = [];
  const onStep = (progress: FineTuneProgress): void => {
    steps.push(progress);
    options.onStep?.(progress);
  };
  return { graph: await fineTune({ ...base, ...options, onStep }), steps };
}

describe('fineTune', () => {
  it('learns, and says how far it is', async () => {
    const { graph, steps } = await trained();
    expect(steps).toHaveLength(12);
    expect(steps.map(({ step }) => step)).toEqual(steps.map((_, index) => index + 1));
    expect(steps[0]).toMatchObject({ steps: 12, epochs: 3, batch: 32 });
    expect(steps.at(-1)?.loss).toBeLessThan((steps[0]?.loss ?? 0) / 2);
    expect(steps.at(-1)?.accuracy).toBeGreaterThan(0.9);
    expect(graph.nodes).toEqual(base.graph.nodes);
  });

  it('gives the same bits when it is stopped and goes on from a checkpoint, and on two threads', async () => {
    const whole = await trained();
    const checkpoints = new MemoryCheckpoints(5);
    const controller = new AbortController();
    const stop = ({ step }: FineTuneProgress): void => {
      if (step === 7) controller.abort(new Error('stopped'));
    };
    const first = trained({ checkpoints, signal: controller.signal, onStep: stop });
    await expect(first).rejects.toThrow('stopped');
    const rest = await trained({ checkpoints, threads: 2 });
    expect(rest.steps[0]?.step).toBe(8);
    expect(encodeModel(rest.graph)).toEqual(encodeModel(whole.graph));
  });

  it('goes on from its last checkpoint when it was killed, and not from one of another run', async () => {
    const checkpoints = new MemoryCheckpoints(5);
    const killed = trained({
      checkpoints,
      onStep: ({ step }) => {
        if (step === 8) throw new Error('killed');
      },
    });
    await expect(killed).rejects.toThrow('killed');
    expect((await trained({ checkpoints })).steps[0]?.step).toBe(6);
    const other = { ...base.schedule, seed: 2 };
    expect((await trained({ checkpoints, schedule: other })).steps[0]?.step).toBe(1);
  });

  it('keeps weights where a constraint wants them, and computes with its view of them', async () => {
    const seen = new Set<number>();
    const { graph } = await trained({
      constraint: (ranges) => {
        const { first = 0, length = 0 } = ranges.at(-1) ?? {};
        return {
          project: (weights) => weights.fill(0.25, first, first + length),
          view: (weights, out) => {
            out.set(weights);
            out.fill(0.5, first, first + length);
          },
        };
      },
      feeds: ({ weights }): Promise<Tensors> => {
        const last = Object.values(weights).at(-1);
        if (last?.dataType === 'float32') last.data.forEach((weight) => seen.add(weight));
        return Promise.resolve({});
      },
    });
    const name = buildTrainingStep(base.graph, 1).weights.at(-1)?.name ?? '';
    const kept = graph.initializers.get(name)?.data ?? [];
    expect(Array.from(kept, Number).every((weight) => weight === 0.25)).toBe(true);
    expect(seen).toEqual(new Set([0.5]));
  });

  it('follows a teacher alone when the labels have no share', async () => {
    // A teacher that mistakes each class for the next.
    const feeds = ({ answers }: { readonly answers: readonly number[] }): Promise<Tensors> => {
      const logits = answers.flatMap((label) => [0, 1, 2, 3].map((k) => (k === (label + 1) % 4 ? 9 : 0)));
      return Promise.resolve({ [TEACHER_LOGITS]: float32([answers.length, 4], logits) });
    };
    const distillation = { temperature: 2, alpha: 1 };
    const run = trained({
      feeds,
      buildStep: (model, shard) => buildTrainingStep(model, shard, { distillation }),
      schedule: { ...base.schedule, epochs: 6 },
      judge: 'end',
    });
    // So it ends with labels all wrong, which a run with labels would call a collapse.
    await expect(run).rejects.toThrow(
      /training collapsed by step 24: the accuracy on recent batches is 0\.\d+/,
    );
  });

  it('stops at the step at which the loss is NaN', async () => {
    const learningRate = { peak: 1e30, warmupEpochs: 0 };
    const error = await trained({ schedule: { ...base.schedule, learningRate } }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UnpairError);
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION' });
    expect(String(error)).toMatch(/training collapsed at step \d+: the loss is (NaN|Infinity)/);
  });

  it('keeps the state that an evaluation likes best, stops when its patience ends, and resumes so', async () => {
    const evaluation = likes([0.1, 0.5, 0.4, 0.3, 0.9]);
    const schedule = { ...base.schedule, epochs: 5 };
    const whole = await trained({ schedule, evaluation });
    // 4 steps an epoch: the second is the best, and the third and the fourth bring nothing.
    expect(whole.steps.at(-1)?.step).toBe(16);
    const measured = whole.steps.flatMap(({ step, measures }) =>
      measures ? [[step, measures] as const] : [],
    );
    expect(measured.map(([step]) => step)).toEqual([1, 4, 8, 12, 16]);
    expect(measured[0]?.[1]).toEqual({ value: -1 });
    expect(measured[4]?.[1]).toEqual({ value: 0.3, keptStep: 8, keptValue: 0.5 });
    const controller = new AbortController();
    const stop = ({ step }: FineTuneProgress): void => {
      if (step === 8) controller.abort(new Error('stopped'));
    };
    const checkpoints = new MemoryCheckpoints(5);
    const signal = controller.signal;
    const first = trained({ schedule, evaluation: likes([0.1, 0.5]), checkpoints, signal, onStep: stop });
    await expect(first).rejects.toThrow('stopped');
    const rest = await trained({ schedule, evaluation: likes([0.4, 0.3, 0.9], true), checkpoints });
    expect(rest.steps.map(({ step }) => step)).toEqual([9, 10, 11, 12, 13, 14, 15, 16]);
    expect(encodeModel(rest.graph)).toEqual(encodeModel(whole.graph));
    const second = await trained({ schedule, evaluation: likes([0.1, 0.5, 0.4, 0.6, 0.7]) });
    expect(encodeModel(second.graph)).not.toEqual(encodeModel(whole.graph));
  });

  it('judges by held-out samples where an evaluation has them', async () => {
    const evaluation = { ...likes([0.1, 0.2, 0.3]), accuracyOf: ({ value = NaN }: Measures) => value };
    await expect(trained({ evaluation, judge: 'end' })).rejects.toThrow(
      'training collapsed by step 12: the accuracy on held-out samples is 0.300, below 0.500',
    );
  });

  it('judges by clean rows alone, where there are any', async () => {
    // Nobody can tell what the first half of each batch shows: it is black.
    const shown = (size: number): ShownRows => ({
      images: Array.from({ length: size }, (_, row) => row),
      firstClean: size / 2,
    });
    const feeds = ({ input, images: { shape, data } }: ShardBatch): Promise<Tensors> => {
      const half = data.map((pixel, i) => (i < data.length / 2 ? 0 : pixel));
      return Promise.resolve({ [input]: float32(shape, half) });
    };
    const cleanAccuracy = async (rows: (size: number) => ShownRows): Promise<number> => {
      const { steps } = await trained({ feeds, shown: rows, judge: 'end' });
      return mean(steps.slice(-4).map(({ accuracy }) => accuracy));
    };
    expect(await cleanAccuracy(shown)).toBeGreaterThan(0.8);
    expect(await cleanAccuracy((size) => ({ ...shown(size), firstClean: 0 }))).toBeLessThan(0.7);
  });

  it('refuses samples that fill no batch', async () => {
    await expect(trained({ samples: brightSamples(31) })).rejects.toThrow('one batch of 32 samples, got 31');
  });
});

/** An evaluation that gives these values for the states after each epoch, and −1 for the start unless that is known. */
function likes(values: readonly number[], isResumed = false): Evaluation {
  const left = isResumed ? [...values] : [-1, ...values];
  return {
    measure: () => Promise.resolve({ value: left.shift() ?? NaN }),
    isBetter: ({ value = NaN }, { value: best = NaN }) => value > best,
    describe: ({ value = NaN }) => ({ keptValue: value }),
    patience: 2,
  };
}
