import type { FineTuneProgress } from './train.js';

/** A stretch of a training run. */
export interface TrainingPoint {
  /** Last step of the stretch. */
  readonly step: number;
  /** Mean over the stretch. */
  readonly loss: number;
  /** Mean over the stretch. */
  readonly accuracy: number;
  /** The last of each measure that was taken within the stretch; empty where none was. */
  readonly measures: Readonly<Record<string, number>>;
}

/** Everything that a curve is, to be kept beside a checkpoint. */
export interface CurveState {
  readonly points: readonly TrainingPoint[];
  /** Steps taken in. */
  readonly step: number;
  /** The stretch that has not ended: sums over its steps. */
  readonly open: TrainingPoint & { readonly count: number };
}

const NOTHING: CurveState = {
  points: [],
  step: 0,
  open: { count: 0, step: 0, loss: 0, accuracy: 0, measures: {} },
};

/**
 * The course of a training run in at most `limit` points, each over equally many steps. A function of the steps alone:
 * a run that goes on from a checkpoint, with the state that was kept beside it, ends with the same curve.
 */
export class TrainingCurve {
  readonly #limit: number;
  #state = NOTHING;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** In order; the last stretch is shorter where the run has stopped within it. */
  get points(): readonly TrainingPoint[] {
    const { points, open } = this.#state;
    return open.count === 0 ? points : [...points, meanOf(open)];
  }

  get state(): CurveState {
    return this.#state;
  }

  /** Goes on from a state. */
  restore(state: CurveState): void {
    this.#state = state;
  }

  /** Takes in a step; one that does not follow the last begins another run, and the curve with it. */
  add({ step, steps, loss, accuracy, measures = {} }: FineTuneProgress): void {
    const { points, open } = step === this.#state.step + 1 ? this.#state : NOTHING;
    const sums = {
      count: open.count + 1,
      step,
      loss: open.loss + loss,
      accuracy: open.accuracy + accuracy,
      measures: { ...open.measures, ...measures },
    };
    const length = Math.ceil(steps / this.#limit);
    const isEnd = step % length === 0 || step === steps;
    this.#state = isEnd
      ? { points: [...points, meanOf(sums)], step, open: NOTHING.open }
      : { points, step, open: sums };
  }
}

function meanOf({ count, step, loss, accuracy, measures }: CurveState['open']): TrainingPoint {
  return { step, loss: loss / count, accuracy: accuracy / count, measures };
}
