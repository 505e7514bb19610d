import type { Norm } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import type { Offer } from '../access.js';
import type { AttackDefinition } from '../attack.js';
import type { GoalChoice } from '../goal.js';
import type { AttackOptions } from '../scheduler/attack-options.js';

/** What the samples of a cell have in common is made of: models, samples to make it on, and the threat. */
export type PreparationOptions = Omit<AttackOptions, 'definition' | 'onProgress'>;

/** What was made for all samples of a cell. */
export interface Prepared {
  /** As it is stored, and as `use` reads it. */
  readonly bytes: Uint8Array;
  /** Queries to the target that it took. */
  readonly queries: number;
}

/** What is known of a cell before anything runs. */
export interface Situation {
  readonly norm: Norm;
  readonly goal: GoalChoice;
  readonly offer: Offer;
  readonly hasSurrogate: boolean;
}

/** An attack, and its parameters, as it runs on each sample. */
export interface Instructed {
  readonly definition: AttackDefinition;
  readonly parameters: Parameters;
}

/**
 * What an attack makes once, before it sees the samples that it is judged on: a task of its own, whose artefact all
 * tasks of the cell take. A pure function of what it is given, like any attack.
 */
export interface Preparation {
  /** What it is made on: the first samples of the cell, which then are not attacked; or training samples. */
  readonly on: 'attacked' | 'training';
  /** The parameter that says on how many. */
  readonly samples: string;
  /** Queries that it may take at most. */
  most(situation: Situation, parameters: Parameters): number;
  /** @param options parameters are resolved; samples are those to make it on */
  make(options: PreparationOptions): Promise<Prepared>;
  /** @throws {UnpairError} DATA_LOSS for bytes that are none of its own */
  use(made: Uint8Array, parameters: Parameters): Instructed;
}

/** An attack that has something to make before it can run on a sample. */
export type PreparedAttack = Omit<AttackDefinition, 'run'> & { readonly preparation: Preparation };

/** What campaign files may name. */
export type KnownDefinition = AttackDefinition | PreparedAttack;

/** Whether an attack has something to make first. */
export function isPrepared(attack: KnownDefinition): attack is PreparedAttack {
  return 'preparation' in attack;
}
