import type { Training } from '@unpair/protocol';

import type { ProgressPart } from '../terminal/progress.js';
import { describeMeasures, percent } from '../train/measures.js';
import { roughTime } from '../train/meter.js';

/** One model in training, as a progress display shows it. */
export function trainingLine(training: Training): ProgressPart {
  const { model, step, steps, epochs, loss, accuracy, measures, secondsLeft } = training;
  const epoch = Math.ceil((step * epochs) / Math.max(1, steps));
  const words = [
    `epoch ${epoch}/${epochs}`,
    `step ${step}/${steps}`,
    `loss ${loss.toFixed(2)}`,
    `accuracy ${percent(accuracy, 1)}`,
    ...describeMeasures(measures),
    ...(secondsLeft > 0 ? [`${roughTime(secondsLeft)} left`] : []),
  ];
  return { label: model, detail: words.join('  ') };
}
