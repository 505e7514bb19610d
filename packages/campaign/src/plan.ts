import type { GoalChoice, Offer } from '@unpair/attacks';
import type { Norm, Threat } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import type { SimilarityInputs } from '@unpair/measurements';
import type { Defence } from './campaign.js';
import type { Surrogate } from './surrogate.js';

/** One point of the grid: target × surrogate × attack × parameters × epsilon. */
export interface Cell {
  /** Stable identity, from names and parameters only; seeds derive from it, sharding does not enter. */
  readonly id: string;
  readonly target: string;
  /** How much of its answers the target gives. */
  readonly offer: Offer;
  /** Null for attacks that need none. */
  readonly surrogate: Surrogate | null;
  readonly attack: string;
  readonly parameters: Parameters;
  readonly norm: Norm;
  readonly epsilon: number;
  /** What the attack is after. */
  readonly goal: GoalChoice;
  /** Queries that it may spend on a sample; 0 for attacks that do not query as they go. */
  readonly budget: number;
  /** The attack that is this one without its transfer prior; null where there is no prior to leave out. */
  readonly withoutPrior: string | null;
  /** The cell attacks samples `first` … samples − 1. */
  readonly samples: number;
  /** How many at the start are not attacked, for the attack was chosen by them. */
  readonly first: number;
  /** What a task makes before the others: from the cell's own first samples, or from training samples. */
  readonly preparation: CellPreparation | null;
  /** Whether the file does not ask for it: it is there to try a defence. */
  readonly adaptive: boolean;
}

/** What a cell's tasks take: what it is made on, of how many samples, and how many queries that may take. */
export interface CellPreparation {
  readonly on: 'attacked' | 'training';
  readonly samples: number;
  readonly queries: number;
}

/** Whether a cell's attack queries the target as it goes, so that its counts are worth reporting. */
export function usesQueries({ budget }: Pick<Cell, 'budget'>): boolean {
  return budget > 0;
}

/** A cell that tries a defence; it may be one that the file asks for anyway. */
export interface AdaptiveCell {
  /** Which attacker: `flipped`, `imitation`, … */
  readonly attacker: string;
  readonly defence: Defence;
  readonly cell: Cell & { readonly surrogate: Surrogate };
}

export type Stage = 'derive' | 'measure' | 'attack';

export interface Range {
  readonly first: number;
  readonly count: number;
}

/** One unit of work. `needs` names what has to be made before it is released: models, and what a cell takes. */
export type PlannedTask = {
  readonly index: number;
  readonly stage: Stage;
  readonly needs: readonly string[];
} & (
  | {
      readonly kind: 'derive';
      readonly model: string;
      readonly of: string;
      /** The full model that it is unpaired from, mixed with, or imitates; null for other recipes. */
      readonly from: string | null;
      /** `quantize`, and whatever other ways of deriving a model there are. */
      readonly recipe: string;
      readonly parameters: Parameters;
      /** Samples of the training split to use, from the first: all where there are fewer. */
      readonly trainingSamples: number;
      /** Of the samples of the test split that the campaign holds out, those to measure on; null for none. */
      readonly heldOut: Range | null;
    }
  | { readonly kind: 'accuracy'; readonly model: string; readonly samples: Range }
  | {
      readonly kind: 'similarity';
      readonly surrogate: Surrogate;
      readonly target: string;
      readonly inputs: SimilarityInputs;
      /** The ball of inputs that are not clean. */
      readonly threat: Threat;
      readonly samples: Range;
    }
  /** Compares features over all samples of the campaign: one task. */
  | {
      readonly kind: 'alignment';
      readonly surrogate: string;
      readonly target: string;
      readonly samples: Range;
    }
  /** Attacks a defended model through its own gradients: do they only hide what is there? */
  | {
      readonly kind: 'masking';
      readonly model: string;
      readonly threat: Threat;
      readonly samples: Range;
    }
  /** Makes what the tasks of a cell take; it is called as the cell. */
  | { readonly kind: 'prepare'; readonly cell: Cell; readonly samples: Range }
  | { readonly kind: 'attack'; readonly cell: Cell; readonly samples: Range }
);

/** The name of what a task makes, a model or what a cell takes; undefined for one that brings rows. */
export function madeBy(task: PlannedTask): string | undefined {
  if (task.kind === 'derive') return task.model;
  return task.kind === 'prepare' ? task.cell.id : undefined;
}

/** A pure function of the campaign: task k is computed, not stored. */
export interface Plan {
  /** Number of tasks. */
  readonly size: number;
  /** The first tasks of runs of tasks that differ only in the samples they cover, ascending. */
  readonly blocks: readonly number[];
  readonly cells: readonly Cell[];
  /** Those of the cells that try a defence, once for each attacker. */
  readonly adaptive: readonly AdaptiveCell[];
  /** @throws {RangeError} unless 0 ≤ index < size. */
  task(index: number): PlannedTask;
}
