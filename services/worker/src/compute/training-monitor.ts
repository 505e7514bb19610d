import type { Training } from '@unpair/protocol';
import { TrainingCurve, type FineTuneProgress } from '@unpair/training';

export interface TrainingMonitorOptions {
  /** Name of the model in training. */
  readonly model: string;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
  /** Milliseconds between two reports, unless something was measured. */
  readonly interval?: number;
}

/** Points of the curve that a result carries. */
const CURVE_POINTS = 100;

/** Sums over the steps since the last report. */
interface Sums {
  readonly count: number;
  readonly loss: number;
  readonly accuracy: number;
}

const NONE: Sums = { count: 0, loss: 0, accuracy: 0 };

/** Follows the training of one model: keeps its curve, and says now and then how it goes. */
export class TrainingMonitor {
  readonly curve = new TrainingCurve(CURVE_POINTS);
  readonly #model: string;
  readonly #now: () => number;
  readonly #interval: number;
  /** Where and when this process began with the run. */
  #first = { step: 0, time: 0 };
  #lastStep = 0;
  #reported = -Infinity;
  #sums = NONE;
  #measures: Readonly<Record<string, number>> = {};

  constructor({ model, now = () => performance.now(), interval = 1_000 }: TrainingMonitorOptions) {
    this.#model = model;
    this.#now = now;
    this.#interval = interval;
  }

  /** Takes in a step. What there is to say, at the first step, the last, those with measures, and now and then. */
  read(progress: FineTuneProgress): Training | undefined {
    const { step, steps, epochs, loss, accuracy } = progress;
    const measures = finite(progress.measures);
    this.curve.add({ ...progress, measures });
    this.#count({ step, loss, accuracy }, measures);
    const isDue = this.#now() - this.#reported >= this.#interval;
    if (!isDue && step !== steps && Object.keys(measures).length === 0) return undefined;
    const means = this.#takeMeans();
    const secondsLeft = this.#secondsLeft(step, steps);
    return { model: this.#model, step, steps, epochs, ...means, measures: this.#measures, secondsLeft };
  }

  #count(
    { step, loss, accuracy }: Pick<FineTuneProgress, 'step' | 'loss' | 'accuracy'>,
    measures: Readonly<Record<string, number>>,
  ): void {
    if (step !== this.#lastStep + 1 || this.#lastStep === 0) {
      this.#first = { step, time: this.#now() };
      this.#sums = NONE;
      this.#measures = {};
    }
    this.#lastStep = step;
    this.#measures = { ...this.#measures, ...measures };
    const { count, loss: losses, accuracy: accuracies } = this.#sums;
    this.#sums = { count: count + 1, loss: losses + loss, accuracy: accuracies + accuracy };
  }

  #takeMeans(): Pick<Training, 'loss' | 'accuracy'> {
    const { count, loss, accuracy } = this.#sums;
    this.#sums = NONE;
    this.#reported = this.#now();
    return { loss: loss / count, accuracy: accuracy / count };
  }

  #secondsLeft(step: number, steps: number): number {
    const done = step - this.#first.step;
    return done === 0 ? 0 : ((steps - step) * (this.#now() - this.#first.time)) / 1_000 / done;
  }
}

/** A measure that could not be had, such as the cosine of a gradient of zero, is left out. */
function finite(measures: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(measures).filter(([, value]) => Number.isFinite(value)));
}
