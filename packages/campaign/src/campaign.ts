import type { Norm, Parameters } from '@unpair/robustness';

/** A campaign file after validation: names resolved, fractions evaluated, defaults filled in. */
export interface Campaign {
  readonly name: string;
  readonly seed: number;
  readonly dataset: DatasetEntry;
  readonly models: ReadonlyMap<string, ModelEntry>;
  readonly targets: readonly string[];
  readonly surrogates: readonly string[];
  readonly threat: { readonly norm: Norm; readonly epsilons: readonly number[] };
  readonly attacks: readonly AttackEntry[];
  /** Samples of one task. Results do not depend on it. */
  readonly shardSize: number;
}

export interface DatasetEntry {
  /** A data set's name, or a path relative to the campaign file. */
  readonly source: string;
  readonly split: 'train' | 'test';
  readonly samples: number;
}

export type ModelEntry =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'quantize'; readonly of: string; readonly parameters: Parameters };

/** One attack at one point of its swept parameters. */
export interface AttackEntry {
  readonly attack: string;
  readonly parameters: Parameters;
}

/** One sentence about one place in the campaign file, as BadRequest wants it. */
export interface Violation {
  /** `attacks[2].p-rgf.budget` */
  readonly field: string;
  readonly description: string;
}
