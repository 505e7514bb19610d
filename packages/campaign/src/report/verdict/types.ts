import type { Estimate, Norm } from '@unpair/numerics';
import type { Bounds, Ratio } from '../estimates.js';
import type { QueryRatio } from '../query-ratio.js';

/** What a campaign comes to, in plain words, by the rule of docs/verdict.md; everything in it follows from the rest of the report. */
export interface Verdict {
  /** The question, with the attacker's means and the samples. */
  readonly asked: string;
  /** One for each target and published sibling that was not unpaired from it, those that give most away first. */
  readonly exposure: readonly ExposureVerdict[];
  /** One for each target and sibling that was unpaired from it. */
  readonly cures: readonly CureVerdict[];
  /** A sentence for each reason to trust the above less. */
  readonly cautions: readonly string[];
  /** A sentence for each thing to do next. */
  readonly next: readonly string[];
  /** The figures behind it: one entry for each target and model attacked through, strangers and unpaired siblings included. */
  readonly evidence: readonly Evidence[];
}

/**
 * How much a published model helps. `given away`: more than an unrelated model does. `as a stranger`: no more than one.
 * `helps`: there is no stranger to hold it against. `not shown`: it does not help beyond the intervals. `unknown`: nothing
 * was measured, or there were no gradients to measure it by.
 */
export type ExposureLevel = 'given away' | 'helps' | 'as a stranger' | 'not shown' | 'unknown';

/** What publishing one sibling means for one target. */
export interface ExposureVerdict {
  readonly target: string;
  readonly surrogate: string;
  readonly level: ExposureLevel;
  /** The verdict in one sentence, and one for each figure behind it. */
  readonly sentences: readonly string[];
}

/** Whether a defence holds: `unproven` where its report has no verdict. */
export type CureLevel = 'stands' | 'fails' | 'unproven';

/** What unpairing one sibling changed. */
export interface CureVerdict {
  readonly target: string;
  readonly surrogate: string;
  readonly level: CureLevel;
  readonly sentences: readonly string[];
}

/** How far the strongest attacks through one model come, at the smallest epsilon. */
export interface Evidence {
  readonly target: string;
  readonly surrogate: string;
  readonly role: 'sibling' | 'cure' | 'stranger';
  readonly accuracy: Estimate | null;
  /** Mean cosine of its input gradients with the target's; null where not measured. */
  readonly gradientCosine: number | null;
  readonly norm: Norm;
  readonly epsilon: number;
  /** The attack without a query that fools the target most often; null without any. */
  readonly transfer: TransferEvidence | null;
  /** The search with a prior that needs fewest queries; null without any. */
  readonly prior: PriorEvidence | null;
}

export interface TransferEvidence {
  readonly attack: string;
  readonly samples: number;
  readonly success: Estimate;
  /** The same attack through the stranger that it comes furthest with; null without one. */
  readonly stranger: {
    readonly surrogate: string;
    readonly success: Estimate | null;
    /** Success over the stranger's; null where the stranger never succeeds. */
    readonly ratio: Ratio | null;
  } | null;
  /** Whether it is without gradients on so many samples that it measures nothing. */
  readonly blind: boolean;
}

export interface PriorEvidence {
  readonly attack: string;
  readonly samples: number;
  readonly budget: number;
  /** Failures set to the budget. */
  readonly medianQueries: number;
  readonly medianInterval: Bounds | null;
  /** The same search without a prior; null where there is none. */
  readonly without: {
    readonly attack: string;
    readonly medianQueries: number | null;
    readonly fewer: QueryRatio | null;
  } | null;
  /** The same search with the stranger as prior that helps it most; null without one. */
  readonly stranger: {
    readonly surrogate: string;
    readonly medianQueries: number | null;
    /** The stranger's median over this one's. */
    readonly fewer: QueryRatio | null;
    /** What the stranger itself saves over no prior. */
    readonly strangerFewer: QueryRatio | null;
  } | null;
  readonly blind: boolean;
}
