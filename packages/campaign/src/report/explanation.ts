import type { Counts, Random } from '@unpair/numerics';
import { bootstrapSamples, resampledSpearman, spearmanPValue, standardizedFit } from '@unpair/numerics';
import { canonicalJson } from '../canonical-json.js';
import { COSINE, MEASURES, SMOOTHNESS } from './measures.js';
import type { Measure } from './measures.js';
import type {
  AmplificationReport,
  AttackReport,
  ExplanationReport,
  JointExplanation,
  MeasureExplanation,
  SimilarityReport,
} from './report.js';

/** Fewest pairs: of four, no order is rarer than one in twelve. */
const LEAST_PAIRS = 5;
/** Fewest pairs for two predictors at once: five more than the fit has parameters. */
const LEAST_PAIRS_JOINT = 8;
/** What the joint fit tells apart (Zhang et al. 2024, arXiv 2307.07873). */
const JOINT = [COSINE, SMOOTHNESS] as const;

/** The parts of a report that an explanation is made from. */
export interface Explained {
  /** Of pairs of different models: one with itself, or in an ensemble, explains nothing. */
  readonly similarity: readonly SimilarityReport[];
  readonly attacks: readonly AttackReport[];
  readonly amplification: readonly AmplificationReport[];
}

/** A pair of models, and what came of one attack on it. */
interface Observation {
  readonly pair: SimilarityReport;
  readonly outcome: number;
}

/** The streams of one explanation, by purpose. */
type Streams = (purpose: string) => Random;

/**
 * Relates measures of similarity to outcomes, over the pairs of models that each attack was tried on: success rates of
 * transfer, and the decimal logarithm of the queries saved by a prior. One by one: each takes some tens of milliseconds.
 */
export function* explain(
  explained: Explained,
  streams: Streams,
): Generator<ExplanationReport, void, undefined> {
  const lookUp = lookUpIn(explained);
  const points = new Map<string, AttackReport[]>();
  for (const attack of explained.attacks) {
    if (attack.surrogate === null) continue;
    const key = pointKey(attack);
    const peers = points.get(key);
    if (peers === undefined) points.set(key, [attack]);
    else peers.push(attack);
  }
  for (const [key, peers] of points) {
    const [first] = peers;
    if (first === undefined) continue;
    const { attack, parameters, norm, epsilon, queries } = first;
    const observations = peers.flatMap((peer) => observationOf(peer, lookUp));
    const ofPoint: Streams = (purpose) => streams(`${key} ${purpose}`);
    yield {
      ...{ attack, parameters, norm, epsilon },
      outcome: queries === null ? 'success' : 'log10 queryRatio',
      pairs: observations.length,
      pairsNeeded: LEAST_PAIRS,
      pairsNeededJoint: LEAST_PAIRS_JOINT,
      measures: measuresOf(observations, ofPoint),
      joint: joint(observations, ofPoint('joint')),
    };
  }
}

function pointKey({ attack, parameters, norm, epsilon }: AttackReport | AmplificationReport): string {
  return `${attack} ${canonicalJson(parameters)} ${norm} ${epsilon}`;
}

/** What was found of a pair, and of an attack on it. */
interface LookUp {
  readonly pairs: ReadonlyMap<string, SimilarityReport>;
  readonly savings: ReadonlyMap<string, AmplificationReport>;
}

function lookUpIn({ similarity, amplification }: Explained): LookUp {
  const savings = amplification.filter(({ baseline }) => baseline === 'none');
  return {
    pairs: firstOfEach(similarity, pairKey),
    savings: firstOfEach(savings, (saving) => `${pairKey(saving)} ${pointKey(saving)}`),
  };
}

function firstOfEach<T>(entries: readonly T[], keyOf: (entry: T) => string): ReadonlyMap<string, T> {
  return new Map(entries.map((entry) => [keyOf(entry), entry] as const).reverse());
}

function pairKey({ surrogate, target }: { surrogate: string | null; target: string }): string {
  return JSON.stringify([surrogate, target]);
}

function observationOf(attack: AttackReport, { pairs, savings }: LookUp): readonly Observation[] {
  const pair = pairs.get(pairKey(attack));
  const saving = savings.get(`${pairKey(attack)} ${pointKey(attack)}`);
  const outcome =
    attack.queries === null ? attack.success?.value : Math.log10(saving?.queryRatio?.value ?? Number.NaN);
  return pair === undefined || outcome === undefined || !Number.isFinite(outcome) ? [] : [{ pair, outcome }];
}

/** Each measure alone; null for too few pairs. */
function measuresOf(
  observations: readonly Observation[],
  streams: Streams,
): readonly MeasureExplanation[] | null {
  if (observations.length < LEAST_PAIRS) return null;
  return MEASURES.map((measure) => {
    const [values, outcomes] = columns(observations, measure);
    const enough = values.length >= LEAST_PAIRS;
    return {
      measure: measure.name,
      pairs: values.length,
      spearman: enough ? rankCorrelation(values, outcomes, streams(measure.name)) : null,
      rSquared: enough ? (standardizedFit([values], outcomes)?.rSquared ?? null) : null,
    };
  });
}

/** The measure and the outcome of every pair that has the measure. */
function columns(
  observations: readonly Observation[],
  measure: Measure,
): readonly [values: readonly number[], outcomes: readonly number[]] {
  const present = observations.flatMap(({ pair, outcome }) => {
    const value = measure.of(pair);
    return value === null ? [] : [{ value, outcome }];
  });
  return [present.map(({ value }) => value), present.map(({ outcome }) => outcome)];
}

function rankCorrelation(
  values: readonly number[],
  outcomes: readonly number[],
  random: Random,
): MeasureExplanation['spearman'] {
  const { value, low, high } = bootstrapSamples(values.length, resampledSpearman(values, outcomes), random);
  if (Number.isNaN(value)) return null;
  return { rho: value, low, high, pValue: spearmanPValue(values, outcomes, random) };
}

/** Cosine and smoothness in one fit; null for too few pairs, or where one of them says nothing of its own. */
function joint(observations: readonly Observation[], random: Random): JointExplanation | null {
  const complete = observations.filter(({ pair }) => JOINT.every((measure) => measure.of(pair) !== null));
  if (complete.length < LEAST_PAIRS_JOINT) return null;
  const outcomes = complete.map(({ outcome }) => outcome);
  const predictors = JOINT.map((measure) => complete.map(({ pair }) => measure.of(pair) ?? Number.NaN));
  const fit = standardizedFit(predictors, outcomes);
  if (fit === undefined) return null;
  const [draw, ...draws] = [outcomes, ...predictors].map(repeater);
  const effects = JOINT.map(({ name }, at) => {
    const statistic = (counts: Counts): number => {
      const drawn = draws.map((each) => each(counts));
      return standardizedFit(drawn, draw?.(counts) ?? [])?.coefficients[at] ?? Number.NaN;
    };
    return { measure: name, ...bootstrapSamples(complete.length, statistic, random) };
  });
  return { pairs: complete.length, rSquared: fit.rSquared, effects };
}

/** The values of a resample, each as often as it was drawn, in an array that is used again. */
function repeater(values: readonly number[]): (counts: Counts) => Float64Array {
  const drawn = new Float64Array(values.length);
  return (counts) => {
    let at = 0;
    for (let index = 0; index < counts.length; index++)
      for (let times = counts[index] ?? 0; times > 0; times--) drawn[at++] = values[index] ?? Number.NaN;
    return drawn;
  };
}
