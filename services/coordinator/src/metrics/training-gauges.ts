import type { Training } from '@unpair/protocol';
import { Gauge, type Registry } from 'prom-client';
import type { CampaignRun } from '../campaigns/campaign-run.js';

export interface TrainingGaugeOptions {
  readonly registry: Registry;
  readonly runs: () => Iterable<CampaignRun>;
}

type Labels = 'campaign' | 'model';

/** What the plain gauges say of one model in training. */
const values: Readonly<Record<string, readonly [help: string, value: (training: Training) => number]>> = {
  loss: ['Mean loss over the last steps of each model in training.', ({ loss }) => loss],
  accuracy_ratio: [
    'Accuracy over the last steps, on the samples trained on, of each model in training.',
    ({ accuracy }) => accuracy,
  ],
  progress_ratio: [
    'Share of its steps that each model in training has behind it.',
    ({ step, steps }) => (steps === 0 ? 0 : step / steps),
  ],
};

/** Registers the gauges of models in training. Series are there while a model trains, and gone when it does not. */
export function registerTrainingGauges({ registry, runs }: TrainingGaugeOptions): void {
  const registers = [registry];
  for (const [name, [help, value]] of Object.entries(values)) {
    new Gauge<Labels>({
      name: `unpair_training_${name}`,
      help,
      labelNames: ['campaign', 'model'],
      registers,
      collect() {
        this.reset();
        for (const [labels, training] of inTraining(runs())) this.set(labels, value(training));
      },
    });
  }
  new Gauge<Labels | 'measure'>({
    name: 'unpair_training_measure',
    help: 'What else was measured of each model in training, by measure, as it was found last.',
    labelNames: ['campaign', 'model', 'measure'],
    registers,
    collect() {
      this.reset();
      for (const [labels, { measures }] of inTraining(runs())) {
        for (const [measure, value] of Object.entries(measures)) this.set({ ...labels, measure }, value);
      }
    },
  });
}

function* inTraining(
  runs: Iterable<CampaignRun>,
): Generator<readonly [Readonly<Record<Labels, string>>, Training], void, undefined> {
  for (const run of runs) {
    for (const training of run.training.all()) yield [{ campaign: run.id, model: training.model }, training];
  }
}
