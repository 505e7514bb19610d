import type { FineTuneProgress } from '@unpair/training';

import type { ProgressState } from '../terminal/progress.js';
import { describeMeasures } from '../train/measures.js';
import { TrainingMeter, describeReading } from '../train/meter.js';

/**
 * Turns what training says after each step into progress lines. Its clock starts here: that of a meter made at the
 * first report would find that a step takes no time.
 * @param now milliseconds of a monotonic clock
 */
export function progressReporter(
  update: (state: ProgressState) => void,
  now: () => number,
): (progress: FineTuneProgress) => void {
  const started = now();
  let meter: TrainingMeter | undefined;
  let measured: Readonly<Record<string, number>> = {};
  return ({ step, steps, batch, loss, accuracy, measures }) => {
    meter ??= new TrainingMeter(batch, now, started);
    measured = { ...measured, ...measures };
    const reading = describeReading(meter.read({ loss, accuracy }, steps - step));
    const detail = [...describeMeasures(measured), reading].join(', ');
    update({ label: `step ${step}/${steps}`, fraction: step / steps, detail });
  };
}
