import type { Classifier, DifferentiableClassifier, Sample } from '@unpair/classifiers';
import { attacks, runAttack } from '@unpair/attacks';
import { TargetMeter } from './target-meter.js';

/** Nothing succeeds within this distance, so that every sample spends its whole budget. */
const EPSILON = 1e-6;

export interface RoundOptions {
  readonly attack: string;
  readonly target: Classifier;
  readonly surrogate: DifferentiableClassifier;
  readonly samples: readonly Sample[];
  /** Inputs of one full batch. */
  readonly bare: Float32Array;
  readonly budget: number;
  readonly batchSize: number;
}

/** One run of one attack. */
export interface AttackRound {
  /** Target evaluations per second of the attack, bare batches left out. */
  readonly rate: number;
  /** Images per second of the bare batches. */
  readonly bareRate: number;
  readonly ratio: number;
  /** Inputs in a batch of the target, as a share of the batch size. */
  readonly occupancy: number;
  /** Shares of the attack's time inside the target, inside the surrogate, and in its own work. */
  readonly target: number;
  readonly surrogate: number;
  readonly own: number;
}

/** Runs an attack on all samples to the end of their budgets. */
export async function attackRound(options: RoundOptions): Promise<AttackRound> {
  const { attack, samples, budget, batchSize } = options;
  const definition = attacks.get(attack);
  if (definition === undefined) throw new RangeError(`no attack is called "${attack}"`);
  const meter = new TargetMeter(options.target, options.bare, batchSize);
  const start = performance.now();
  const rows = await runAttack({
    definition,
    parameters: { budget },
    target: meter.target(),
    surrogates: definition.needsSurrogate ? [meter.surrogate(options.surrogate)] : [],
    samples,
    threat: { norm: 'linf', epsilon: EPSILON },
    seed: 1,
    cell: attack,
    batchSize,
  });
  const seconds = (performance.now() - start) / 1000;
  const successes = rows.filter(({ success }) => success).length;
  if (successes > 0) throw new Error(`${attack} ended early on ${successes} of ${rows.length} samples`);
  return roundOf(meter, seconds, batchSize);
}

function roundOf({ reading }: TargetMeter, total: number, batchSize: number): AttackRound {
  const seconds = total - reading.bareSeconds;
  const rate = reading.evaluations / seconds;
  const bareRate = (reading.bareBatches * batchSize) / reading.bareSeconds;
  const [target, surrogate] = [reading.targetSeconds / seconds, reading.surrogateSeconds / seconds];
  return {
    rate,
    bareRate,
    ratio: rate / bareRate,
    occupancy: reading.evaluations / (reading.batches * batchSize),
    target,
    surrogate,
    own: 1 - target - surrogate,
  };
}
