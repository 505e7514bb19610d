import type { GradientHealth } from '@unpair/measurements';
import type { Estimate, Norm } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import type { QueryRatio } from '../query-ratio.js';

/** What one unpaired sibling costs and takes away. docs/report.md says what every field means. */
export interface DefenceReport {
  /** The published sibling that was unpaired. */
  readonly surrogate: string;
  readonly target: string;
  /** The model of the campaign that is made in the same way without unpairing; null where there is none. */
  readonly undefended: string | null;
  /** Null without rows of the sibling. */
  readonly accuracy: AccuracyChange | null;
  /** One entry for each cell of the file that attacks through the sibling. */
  readonly exposure: readonly ExposureReport[];
  /** What attackers who know of the defence come to; empty where they are not tried. */
  readonly adaptive: readonly AdaptiveReport[];
  /** Null where nothing was measured. */
  readonly masking: MaskingChecks | null;
  /** A sentence for each attack and check that the defence does not stand up to. */
  readonly failed: readonly string[];
  /** A sentence for each attack and check that, or whose stranger, had no gradients to go by, so that it tested nothing. */
  readonly untested: readonly string[];
  /** Attacks and checks of the plan that have no results. */
  readonly missing: number;
  /** Null where nothing failed, but something is missing or untested, or no adaptive attacker was held against a stranger. */
  readonly verdict: 'stands' | 'fails' | null;
}

export interface AccuracyChange {
  /** Of the undefended model; null without one. */
  readonly before: Estimate | null;
  readonly after: Estimate;
  /** `before` less `after`, over the samples that both have seen; null without any. */
  readonly drop: Estimate | null;
  readonly samples: number;
}

/** How far an attack comes through one surrogate. */
export interface Level {
  /** Over the samples attacked; null where there are none. */
  readonly success: Estimate | null;
  /** Median queries, failures set to the budget; null for attacks that do not query as they go. */
  readonly medianQueries: number | null;
  /** Whether that median is the budget, so that only success tells how far the attack comes. */
  readonly censored: boolean;
  /** Median queries with the surrogate as prior over those without prior; null where there is no such comparison. */
  readonly queryRatio: QueryRatio | null;
}

/** The level of the stranger through which the attack comes furthest. */
export interface StrangerLevel extends Level {
  readonly surrogate: string;
  /** That the attack went by. */
  readonly gradients: GradientHealth | null;
}

/** An attack through a sibling, and how it compares. */
interface Tried {
  readonly attack: string;
  readonly parameters: Parameters;
  readonly norm: Norm;
  readonly epsilon: number;
  /** Samples attacked. */
  readonly samples: number;
  /** Of the model, or ensemble, attacked through, on those samples. */
  readonly gradients: GradientHealth | null;
  /** Null without a stranger. */
  readonly stranger: StrangerLevel | null;
  /**
   * Whether it comes further than through the stranger, beyond the interval; null without a stranger, or where only
   * strangers without gradients came less far.
   */
  readonly beats: boolean | null;
}

export interface ExposureReport extends Tried {
  /** Through the undefended model; null where that was not attacked. */
  readonly before: Level | null;
  readonly after: Level;
  /** Share of the successes of transfer that are gone: 1 − after/before, over samples attacked in both. */
  readonly cut: Estimate | null;
}

export interface AdaptiveReport extends Tried, Level {
  /** Which attacker: `flipped`, `imitation`, … */
  readonly attacker: string;
  /** The model attacked: the sibling itself for `from-target`. */
  readonly target: string;
  /** The model, or ensemble, that was attacked through. */
  readonly surrogate: string;
  /** Queries to the target before the attack, to make that model; null where none were needed. */
  readonly imitationQueries: number | null;
}

/** Signs that gradients are only hidden. */
export interface MaskingChecks {
  /** Share of samples on which an attack without bound succeeds. */
  readonly unboundedAttack: MaskingCheckReport;
  /** Share of samples that random search breaks and the gradient does not. */
  readonly randomSearchOnly: MaskingCheckReport;
  /** Share of samples whose loss rises over a step along the gradient. */
  readonly lossRises: MaskingCheckReport;
  /** Gradients at the samples themselves. */
  readonly gradients: GradientHealth;
}

export interface MaskingCheckReport {
  readonly passed: boolean;
  /** Null without samples. */
  readonly value: number | null;
  /** The least, or the most, that passes. */
  readonly bound: number;
  readonly samples: number;
}

/** What a surrogate is worth to its publisher and to an attacker: a point of a plot. */
export interface TradeOffPoint {
  readonly surrogate: string;
  readonly target: string;
  /** Whether it was unpaired from the target. */
  readonly defended: boolean;
  /** Null for an ensemble. */
  readonly accuracy: Estimate | null;
  readonly exposure: readonly TradeOffExposure[];
}

export interface TradeOffExposure {
  readonly norm: Norm;
  readonly epsilon: number;
  /** Mean success rate of the file's transfer attacks; null without any. */
  readonly transfer: number | null;
  /** Geometric mean, over the file's attacks with a prior, of median queries with it over those without. */
  readonly queryRatio: number | null;
}
