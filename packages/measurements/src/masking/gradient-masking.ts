import type { AttackDefinition } from '@unpair/attacks';
import type { Parameters } from '@unpair/parameters';
import { pgd } from '@unpair/attacks';
import { square } from '@unpair/attacks';
import type { DifferentiableClassifier, Sample } from '@unpair/classifiers';
import { gradientsOfBatch } from '@unpair/classifiers';
import { stepUp } from '@unpair/attacks';
import { crossEntropy } from '@unpair/classifiers';
import { evaluateAll } from '@unpair/classifiers';
import { runAttack } from '@unpair/attacks';
import type { AttackRow } from '@unpair/attacks';
import type { Threat } from '@unpair/numerics';
import type { RowOf } from '../row-kind.js';
import type { GradientHealth } from '../gradients/gradient-health.js';
import { gradientHealth } from '../gradients/gradient-health.js';
import { defineRowKind } from '../row-kind.js';

export interface MaskingOptions {
  /** The ball in which gradient and random search compete. */
  readonly threat: Threat;
  readonly seed: number;
  /** Queries of the random search. Default 500. */
  readonly budget?: number;
  readonly batchSize?: number;
  readonly signal?: AbortSignal | undefined;
}

/** One sign of masked gradients, looked for; a rate is over `samples`. */
export interface MaskingCheck {
  readonly passed: boolean;
  /** What was measured, and the most or least that passes. */
  readonly value: number;
  readonly bound: number;
  readonly samples: number;
}

/** Signs that a model's gradients hide adversarial examples rather than there being none. */
export interface MaskingReport {
  /** Success rate of PGD that may change every pixel to anything: must be 1, since a grey image is nothing. */
  readonly unboundedAttack: MaskingCheck;
  /** Share of samples that random search breaks and PGD in the same ball does not: must be at most 0.05. */
  readonly randomSearchOnly: MaskingCheck;
  /** Share of samples whose loss rises over a step along the gradient's sign: must be at least 0.9. */
  readonly lossRises: MaskingCheck;
  /** Gradients at the samples themselves. */
  readonly gradients: GradientHealth;
}

/** Steps enough that PGD is not what fails. */
const STEPS = 50;
/** Random search finds some examples of its own anywhere: PGD has one start. */
const MOST_BY_CHANCE = 0.05;
const LEAST_RISING = 0.9;
/** Of epsilon: the step over which the loss must rise. */
const PROBE = 1 / 8;
const UNBOUNDED: Threat = { norm: 'linf', epsilon: 1 };

/** Whether a published model hides its gradients. The rows of samples do not depend on which others were looked at. */
export const maskingKind = defineRowKind({
  name: 'masking',
  table: 'masking',
  noun: 'masked gradients',
  reportedAs: '`defence[].masking`',
  key: { model: { description: 'the published model' } },
  models: { model: 'model' },
  columns: {
    cleanCorrect: {
      type: 'boolean',
      description: 'whether the model classifies the sample correctly; otherwise it was not attacked',
    },
    unbounded: {
      type: 'boolean',
      description: 'whether PGD that may change every pixel to anything fooled the model',
    },
    gradient: { type: 'boolean', description: 'whether PGD within the ball did' },
    random: { type: 'boolean', description: 'whether random search within the ball did' },
    lossRises: {
      type: 'boolean',
      description: 'whether the loss is larger a step along the sign of its gradient',
    },
    gradientVanishes: {
      type: 'boolean',
      description: 'whether that gradient is 0 everywhere',
      digested: false,
    },
    gradientInvalid: {
      type: 'boolean',
      description: 'whether it has entries that are no finite numbers, and count as 0',
      digested: false,
    },
  },
});

/** What one sample of the checks showed. */
export type MaskingRow = RowOf<typeof maskingKind>;

/**
 * Checks a published model for gradient masking, by attacking it with its own gradients (Athalye et al. 2018, arXiv
 * 1802.00420, section 3.1; Carlini et al. 2019, arXiv 1902.06705, section 5): an unbounded attack must always succeed, a
 * search without gradients must not do better than one with them, and the loss must rise where its gradient points. A
 * defence that fails one of them may only make its gradients useless. Wrongly classified samples are not attacked, so
 * that the first two checks leave them out; the loss has to rise on them as well.
 * @throws the signal's reason once it is aborted
 */
export async function checkGradientMasking(
  model: DifferentiableClassifier,
  samples: readonly Sample[],
  options: MaskingOptions,
): Promise<MaskingReport> {
  return judgeMasking(await measureMasking(model, samples, options));
}

/**
 * The measurements behind {@link checkGradientMasking}, one row a sample.
 * @throws the signal's reason once it is aborted
 */
export async function measureMasking(
  model: DifferentiableClassifier,
  samples: readonly Sample[],
  options: MaskingOptions,
): Promise<readonly MaskingRow[]> {
  const { threat, budget = 500 } = options;
  const attack = (definition: AttackDefinition, parameters: Parameters, within: Threat): Promise<Rows> =>
    attacked(model, samples, { ...options, definition, parameters, threat: within });
  const unbounded = await attack(pgd, { steps: STEPS }, UNBOUNDED);
  const gradient = await attack(pgd, { steps: STEPS }, threat);
  const random = await attack(square, { budget }, threat);
  const slopes = await slopesAt(model, samples, options);
  return slopes.map((slope, row) => ({
    ...slope,
    cleanCorrect: unbounded[row]?.cleanCorrect === true,
    unbounded: unbounded[row]?.success === true,
    gradient: gradient[row]?.success === true,
    random: random[row]?.success === true,
  }));
}

/** Holds the rows of any number of samples against the bounds; without samples, nothing passes. */
export function judgeMasking(rows: readonly MaskingRow[]): MaskingReport {
  const attackedRows = rows.filter(({ cleanCorrect }) => cleanCorrect);
  const count = attackedRows.length;
  const unbounded = share(attackedRows.filter((row) => row.unbounded).length, count);
  const missed = share(attackedRows.filter(({ gradient, random }) => random && !gradient).length, count);
  const rising = share(rows.filter(({ lossRises }) => lossRises).length, rows.length);
  return {
    unboundedAttack: check(unbounded, 1, count, unbounded >= 1),
    randomSearchOnly: check(missed, MOST_BY_CHANCE, count, missed <= MOST_BY_CHANCE),
    lossRises: check(rising, LEAST_RISING, rows.length, rising >= LEAST_RISING),
    gradients: gradientHealth(rows, (row) => ({
      vanishes: row.gradientVanishes,
      invalid: row.gradientInvalid,
    })),
  };
}

type Rows = readonly AttackRow[];

interface Attack extends MaskingOptions {
  readonly definition: AttackDefinition;
  readonly parameters: Parameters;
}

/** The model attacked through its own gradients. */
async function attacked(
  model: DifferentiableClassifier,
  samples: readonly Sample[],
  { definition, parameters, threat, seed, batchSize = 64, signal }: Attack,
): Promise<Rows> {
  const cell = `masking/${definition.name}/${threat.epsilon}`;
  const common = { target: model, surrogates: [model], samples, threat, seed, cell, batchSize, signal };
  return runAttack({ definition, parameters, ...common });
}

/** What the loss does around a sample. */
type Slope = Pick<MaskingRow, 'sample' | 'lossRises' | 'gradientVanishes' | 'gradientInvalid'>;

/** Each sample's gradient, and whether its loss is larger a step up; samples without a gradient count as not rising. */
async function slopesAt(
  model: DifferentiableClassifier,
  samples: readonly Sample[],
  { threat, batchSize = 64, signal }: MaskingOptions,
): Promise<readonly Slope[]> {
  const slopes: Slope[] = [];
  for (let first = 0; first < samples.length; first += batchSize) {
    const members = samples.slice(first, first + batchSize);
    const gradients = await gradientsOfBatch([model], members, { signal });
    const moved = members.map(({ input }, row) => {
      const point = input.slice();
      stepUp(point, gradients[row]?.gradient ?? point, threat.epsilon * PROBE, { centre: input, threat });
      return point;
    });
    const after = await evaluateAll(model, moved, { batchSize, signal });
    members.forEach(({ index, label }, row) => {
      const [at, now] = [gradients[row], after[row]];
      if (at === undefined || now === undefined) throw new TypeError('a batch came back short');
      slopes.push({
        sample: index,
        lossRises: crossEntropy(now, label) > crossEntropy(at.logits, label),
        gradientVanishes: at.gradient.every((value) => value === 0),
        gradientInvalid: at.invalid > 0,
      });
    });
  }
  return slopes;
}

function share(count: number, all: number): number {
  return all === 0 ? Number.NaN : count / all;
}

function check(value: number, bound: number, samples: number, passed: boolean): MaskingCheck {
  return { passed, value, bound, samples };
}
