import type { Counts, Random } from '@unpair/numerics';
import {
  bootstrapSamples,
  createRandom,
  resampledSpearman,
  spearmanPValue,
  standardizedFit,
} from '@unpair/numerics';
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
export interface Observation {
  readonly pair: SimilarityReport;
  readonly outcome: number;
}

/** One attack over the pairs it was tried on, as numbers. */
export interface Point {
  readonly seed: number;
  /** Of the streams that drive bootstraps and permutations; the purpose of each comes behind it. */
  readonly stream: string;
  /** Pairs that it was tried on. */
  readonly pairs: number;
  /** Each measure, and the outcome of the pairs that have it. */
  readonly measures: readonly Column[];
  /** Of the pairs that have what is told apart: the outcome, and what was measured. */
  readonly joint: {
    readonly outcomes: readonly number[];
    readonly predictors: readonly (readonly number[])[];
  };
}

interface Column {
  readonly name: string;
  readonly values: readonly number[];
  readonly outcomes: readonly number[];
}

/**
 * Relates measures of similarity to outcomes, over the pairs of models that each attack was tried on: success rates of
 * transfer, and the decimal logarithm of the queries saved by a prior. `seed` drives bootstraps and permutations;
 * `explainOne` is {@link explainPoint}, here or on another thread.
 */
export function explanations(
  explained: Explained,
  { seed, explainOne }: { readonly seed: number; readonly explainOne: ExplainOne },
): Promise<readonly ExplanationReport[]> {
  return Promise.all(
    explainedPoints(explained).map(async ({ attack: first, observations }) => {
      const { attack, parameters, norm, epsilon, queries } = first;
      return {
        ...{ attack, parameters, norm, epsilon },
        outcome: queries === null ? 'success' : 'log10 queryRatio',
        pairs: observations.length,
        pairsNeeded: LEAST_PAIRS,
        pairsNeededJoint: LEAST_PAIRS_JOINT,
        ...(await explainOne(pointOf(observations, seed, `explanation ${pointKey(first)}`))),
      };
    }),
  );
}

/** One attack, as one of its cells, and every pair of models with a similarity and an outcome. */
export interface ExplainedPoint {
  readonly attack: AttackReport;
  readonly observations: readonly Observation[];
}

/** What explanations go by: an entry for every attack with surrogates, in their order. */
export function explainedPoints(explained: Explained): readonly ExplainedPoint[] {
  const lookUp = lookUpIn(explained);
  const points = new Map<string, [AttackReport, ...AttackReport[]]>();
  for (const attack of explained.attacks) {
    if (attack.surrogate === null) continue;
    const key = pointKey(attack);
    const peers = points.get(key);
    if (peers === undefined) points.set(key, [attack]);
    else peers.push(attack);
  }
  return [...points.values()].map(([first, ...others]) => ({
    attack: first,
    observations: [first, ...others].flatMap((peer) => observationOf(peer, lookUp)),
  }));
}

function pointOf(observations: readonly Observation[], seed: number, stream: string): Point {
  const complete = observations.filter(({ pair }) => JOINT.every((measure) => measure.of(pair) !== null));
  return {
    ...{ seed, stream, pairs: observations.length },
    measures: MEASURES.map((measure) => column(observations, measure)),
    joint: {
      outcomes: complete.map(({ outcome }) => outcome),
      predictors: JOINT.map((measure) => complete.map(({ pair }) => measure.of(pair) ?? Number.NaN)),
    },
  };
}

type Explanation = Pick<ExplanationReport, 'measures' | 'joint'>;
type ExplainOne = (point: Point) => Promise<Explanation>;

/** Each measure alone, and those of `joint` together. */
export function explainPoint(point: Point): Explanation {
  const random = (purpose: string): Random =>
    createRandom({ seed: point.seed, cell: `${point.stream} ${purpose}`, sample: 0 });
  return { measures: measuresOf(point, random), joint: joint(point, random('joint')) };
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
  { pairs, measures }: Point,
  random: (purpose: string) => Random,
): readonly MeasureExplanation[] | null {
  if (pairs < LEAST_PAIRS) return null;
  return measures.map(({ name, values, outcomes }) => {
    const enough = values.length >= LEAST_PAIRS;
    return {
      measure: name,
      pairs: values.length,
      spearman: enough ? rankCorrelation(values, outcomes, random(name)) : null,
      rSquared: enough ? (standardizedFit([values], outcomes)?.rSquared ?? null) : null,
    };
  });
}

/** The measure and the outcome of every pair that has the measure. */
function column(observations: readonly Observation[], measure: Measure): Column {
  const present = observations.flatMap(({ pair, outcome }) => {
    const value = measure.of(pair);
    return value === null ? [] : [{ value, outcome }];
  });
  return {
    name: measure.name,
    values: present.map(({ value }) => value),
    outcomes: present.map(({ outcome }) => outcome),
  };
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
function joint({ joint: { outcomes, predictors } }: Point, random: Random): JointExplanation | null {
  if (outcomes.length < LEAST_PAIRS_JOINT) return null;
  const fit = standardizedFit(predictors, outcomes);
  if (fit === undefined) return null;
  const [draw, ...draws] = [outcomes, ...predictors].map(repeater);
  const effects = JOINT.map(({ name }, at) => {
    const statistic = (counts: Counts): number => {
      const drawn = draws.map((each) => each(counts));
      return standardizedFit(drawn, draw?.(counts) ?? [])?.coefficients[at] ?? Number.NaN;
    };
    return { measure: name, ...bootstrapSamples(outcomes.length, statistic, random) };
  });
  return { pairs: outcomes.length, rSquared: fit.rSquared, effects };
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
