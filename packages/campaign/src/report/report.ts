import type { Choice, GoalChoice } from '@unpair/attacks';
import type { ModelOptions } from '@unpair/graph';
import type { GradientHealth } from '@unpair/measurements';
import type { Estimate, Norm } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import type { TrainingPoint } from '@unpair/training';
import type { DefenceReport, TradeOffPoint } from './defence/types.js';
import type { Bounds, Ratio } from './estimates.js';
import type { QueryRatio } from './query-ratio.js';
import type { Verdict } from './verdict/types.js';

/** What a campaign found. docs/report.md says what every field means, in which unit and over which samples. */
export interface Report {
  readonly name: string;
  /** What it all comes to, in plain words. */
  readonly verdict: Verdict;
  /** How queries were counted, in words. */
  readonly accounting: string;
  readonly models: readonly ModelReport[];
  /** A sentence for each place where low numbers are no evidence of safety, since gradients were lacking. */
  readonly warnings: readonly string[];
  /** A sentence for each model of which less was measured, since it only answers. */
  readonly leftOut: readonly string[];
  readonly similarity: readonly SimilarityReport[];
  readonly attacks: readonly AttackReport[];
  readonly amplification: readonly AmplificationReport[];
  readonly explanation: readonly ExplanationReport[];
  readonly defence: readonly DefenceReport[];
  readonly tradeOff: readonly TradeOffPoint[];
  readonly integrity: IntegrityReport;
  readonly provenance: Provenance;
}

export interface ModelReport {
  readonly id: string;
  /** The model that it derives from. */
  readonly of: string | null;
  /** `file`, `quantize`, … */
  readonly kind: string;
  /** SHA-256 of the ONNX file; null while it does not exist. */
  readonly digest: string | null;
  /** Number of weights. */
  readonly parameters: number | null;
  /** Size of the ONNX file. */
  readonly bytes: number | null;
  /** Those of the weights that are not zero. */
  readonly nonZero: number | null;
  /** Multiply-accumulate operations of one sample. */
  readonly macs: number | null;
  /** Queries to the full model that making it took, as an imitation does; null for files, and while it does not exist. */
  readonly queries: number | null;
  readonly accuracy: (Estimate & { readonly samples: number }) | null;
  /** Share of samples for which it predicts what the model predicts that it derives from. */
  readonly agreement: (Estimate & { readonly samples: number }) | null;
  /** Why it could not be derived; null otherwise. */
  readonly failure: string | null;
  /** What is said of a model that is hardly better than guessing, behind its name; null of others, and without rows. */
  readonly nearChance: string | null;
  /** The published file that it was made from; null for derived models. */
  readonly source: SourceReport | null;
  /** The course of its training; null where it was not trained. */
  readonly training: readonly TrainingPoint[] | null;
}

/** A published file, and what was said about it. */
export interface SourceReport {
  /** As the campaign file names it. */
  readonly file: string;
  /** `onnx`, `tflite` or `tensorflowjs`; null where the client did not say. */
  readonly format: string | null;
  /** SHA-256 of the file; null where the client did not say. */
  readonly digest: string | null;
  readonly options: ModelOptions;
}

/** How alike two models are on one kind of inputs. docs/similarity.md has the formula and source of each measure. */
export interface SimilarityMeasures {
  readonly samples: number;
  /** Of the input gradients of the cross-entropy; low and high bound the mean. */
  readonly gradientCosine: Bounds & {
    readonly mean: number;
    readonly meanAbsolute: number;
    readonly meanAbsoluteInterval: Bounds;
  };
  /** Geometric mean of |surrogate's gradient| / |target's gradient|; null where no sample has both. */
  readonly gradientNormRatio: number | null;
  readonly gradientNormRatioInterval: Bounds | null;
  /** Mean Euclidean norm of the input gradient: the smaller, the smoother. */
  readonly gradientNorm: OfBoth;
  readonly gradients: { readonly surrogate: GradientHealth; readonly target: GradientHealth };
  /** Mean change of the input gradient along itself, per unit of distance. */
  readonly curvature: OfBoth;
  /** Share of samples for which both predict the same class. */
  readonly agreement: number;
  readonly agreementInterval: Bounds;
  /** Mean KL divergence of the surrogate's class probabilities from the target's, in nats. */
  readonly klDivergence: Estimate;
  /** Mean over samples of the correlation of both models' logits over the classes. */
  readonly logitCorrelation: Estimate;
  /** What the gradients have in common as pictures; null where that was not measured, or one of them always vanishes. */
  readonly gradientStructure: {
    /** Mean cosine of their histograms of oriented gradients. */
    readonly hogCosine: Estimate;
    /** Mean share of the pixels on strong edges of either that are on those of both. */
    readonly edgeIou: Estimate;
  } | null;
}

/** A property of each of the two models. */
export interface OfBoth {
  readonly surrogate: Estimate;
  readonly target: Estimate;
}

/** How alike a surrogate and a target are: the measures themselves are those on clean inputs. */
export interface SimilarityReport extends SimilarityMeasures {
  readonly surrogate: string;
  readonly target: string;
  /** Linear CKA of the penultimate features on clean inputs; null where a model has none, or samples are too few. */
  readonly linearCka: Estimate | null;
  /** At uniformly random points of the threat's ball; null where not measured. */
  readonly noised: SimilarityMeasures | null;
  /** At adversarial examples of PGD on the target; null where not measured. */
  readonly adversarial: SimilarityMeasures | null;
}

export interface AttackReport {
  readonly cell: string;
  readonly target: string;
  /** How much of its answers the target gives: `logits`, `labels`, `top-5`, `scores-rounded-3`. */
  readonly access: string;
  readonly surrogate: string | null;
  readonly attack: string;
  readonly parameters: Parameters;
  readonly norm: Norm;
  readonly epsilon: number;
  /** The class to reach; null where any but the label will do. */
  readonly goal: Exclude<GoalChoice, 'avoid'> | null;
  /** Whether the file does not ask for it: it is there to try a defence. */
  readonly adaptive: boolean;
  /** Samples attacked: of those looked at, those that the target classifies correctly. */
  readonly samples: number;
  /** Samples looked at: all but those whose label is the class to reach. */
  readonly evaluated: number;
  /** Which attack was chosen by a trial on other samples, and what was tried; null of attacks that the file names. */
  readonly choice: ChoiceReport | null;
  /** Over the samples attacked; null where there are none. */
  readonly success: Estimate | null;
  /** Over the samples that target and surrogate both classify correctly. */
  readonly successBoth: (Estimate & { readonly samples: number }) | null;
  /** As `success`, after rounding the adversarial example to 8 bits. */
  readonly successRounded: Estimate | null;
  /** Null for attacks that do not query as they go. */
  readonly queries: QueryReport | null;
  /** Mean number of surrogate evaluations over the samples attacked. */
  readonly surrogateQueries: number | null;
  /** The surrogate's gradients over the samples attacked; null where there is none. */
  readonly gradients: GradientHealth | null;
  /** Mean distance of the successful adversarial examples. */
  readonly distortion: { readonly linf: number; readonly l2: number } | null;
}

/** A trial of attacks; its queries are not among those of the cell's rows. */
export interface ChoiceReport extends Choice {
  /** Queries that the trial spent, with all that were tried. */
  readonly queries: number;
}

/** Queries a sample. All but `medianAll` and `cdf[].ofSamples` are over successes, and null without any. */
export interface QueryReport {
  readonly budget: number;
  readonly mean: number | null;
  readonly median: number | null;
  readonly medianInterval: Bounds | null;
  /** Over all samples attacked, failures set to the budget. */
  readonly medianAll: number | null;
  readonly medianAllInterval: Bounds | null;
  readonly p90: number | null;
  readonly cdf: readonly QueryShare[];
}

/** Shares of samples broken within so many queries. */
export interface QueryShare {
  readonly queries: number;
  readonly ofSuccesses: number;
  readonly ofSamples: number;
}

/** What the surrogate adds over a baseline, on the samples attacked in both cells. */
export interface AmplificationReport {
  readonly target: string;
  readonly surrogate: string;
  readonly attack: string;
  readonly parameters: Parameters;
  readonly norm: Norm;
  readonly epsilon: number;
  /** `none`: the same search without a prior. `stranger`: the same attack with an unrelated surrogate. */
  readonly baseline: 'none' | 'stranger';
  /** The stranger's name. */
  readonly baselineSurrogate: string | null;
  readonly baselineAttack: string;
  readonly samples: number;
  /** Baseline's median queries over the surrogate's; null without queries. */
  readonly queryRatio: QueryRatio | null;
  /** The surrogate's success rate over the baseline's; null where the baseline never succeeds. */
  readonly successRatio: Ratio | null;
}

/** Which measures of similarity go with the outcomes of one attack, over the pairs of models that it was tried on. */
export interface ExplanationReport {
  readonly attack: string;
  readonly parameters: Parameters;
  readonly norm: Norm;
  readonly epsilon: number;
  /** Success rate of a transfer attack; decimal logarithm of the query ratio over no prior of a query attack. */
  readonly outcome: 'success' | 'log10 queryRatio';
  /** Pairs of different models with both a similarity and an outcome. */
  readonly pairs: number;
  /** Fewest pairs for `measures`, and for `joint`. */
  readonly pairsNeeded: number;
  readonly pairsNeededJoint: number;
  /** Null for too few pairs. */
  readonly measures: readonly MeasureExplanation[] | null;
  readonly joint: JointExplanation | null;
}

/** One measure alone. */
export interface MeasureExplanation {
  /** Its place in an entry of `similarity[]`. */
  readonly measure: string;
  /** Pairs that have it. */
  readonly pairs: number;
  /** Spearman's rank correlation with the outcome; null where either does not vary, or for too few pairs. */
  readonly spearman: RankCorrelation | null;
  /** Share of the outcome's variance that a line through it explains. */
  readonly rSquared: number | null;
}

export interface RankCorrelation extends Bounds {
  readonly rho: number;
  /** Two-sided, of a permutation test. */
  readonly pValue: number;
}

/** Gradient cosine and smoothness in one linear regression. */
export interface JointExplanation {
  readonly pairs: number;
  readonly rSquared: number;
  /** Standardised coefficients: standard deviations of the outcome for one of the measure, the other held. */
  readonly effects: readonly (Estimate & { readonly measure: string })[];
}

export interface IntegrityReport {
  /** Tasks of the plan. */
  readonly tasks: number;
  /** Tasks whose result was accepted. */
  readonly results: number;
  /** Tasks that ended with a reason why they can never succeed. */
  readonly failed: number;
  readonly deadLetters: number;
  readonly cancelled: number;
  /** Target queries of attempts whose result was not accepted. */
  readonly wastedQueries: number;
  /** SHA-256 over all result rows, the same for any sharding, workers and faults. */
  readonly resultsDigest: string;
}

/** Accepted results of one worker on one runtime. */
export interface WorkerShare {
  readonly worker: string;
  /** Runtime name, version and device. */
  readonly runtime: string;
  readonly results: number;
}

export interface Provenance {
  /** The text of the campaign file; null where it is not known. */
  readonly file: string | null;
  readonly seed: number;
  /** Versions of Unpair and of what it ran on, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /**
   * Runtime names, versions and devices that results came from. Equal bits are promised within each of them; where there
   * is more than one, a repetition has them only if the same tasks meet the same of them.
   */
  readonly runtime: readonly string[];
  /** Who computed how much of it, and with what. */
  readonly workers: readonly WorkerShare[];
  /** ISO 8601, UTC; null while not there yet. */
  readonly started: string | null;
  readonly finished: string | null;
}
