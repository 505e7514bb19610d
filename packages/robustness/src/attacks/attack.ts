import type { Random } from '../random.js';

export type Norm = 'linf' | 'l2';

/** One sample to attack, flattened [C,H,W] in [0,1]. */
export interface Problem {
  readonly input: Float32Array;
  /** [C, H, W]. */
  readonly shape: readonly [number, number, number];
  readonly label: number;
  readonly classes: number;
  readonly norm: Norm;
  readonly epsilon: number;
}

/**
 * What an attack asks for while it runs. The scheduler gathers the requests of many samples into full batches;
 * an attack never sees which other samples share a batch.
 */
export type Request =
  /** Evaluate the target: every input is one billed query. */
  | { readonly kind: 'query'; readonly inputs: readonly Float32Array[] }
  /** Loss and input gradient of the surrogate: counted apart. */
  | { readonly kind: 'gradient'; readonly inputs: readonly Float32Array[] };

export interface LossGradient {
  readonly loss: number;
  readonly gradient: Float32Array;
  readonly logits: Float32Array;
}

export type Answer =
  | { readonly kind: 'query'; readonly logits: readonly Float32Array[] }
  | { readonly kind: 'gradient'; readonly results: readonly LossGradient[] };

/** What an attack ends with: its best candidate. Success is decided by the oracle, not claimed by the attack. */
export interface Attempt {
  readonly adversarial: Float32Array;
}

/** The algorithm for one sample, written as the paper writes it; `yield*` `query` and `gradient` to evaluate models. */
export type AttackRun = Generator<Request, Attempt, Answer>;

/** How a parameter may be written in a campaign file, and what it is when it is not. */
export type ParameterSpec =
  | {
      readonly type: 'integer';
      readonly min: number;
      readonly max?: number;
      readonly default: number;
      readonly description: string;
    }
  | {
      readonly type: 'number';
      readonly min: number;
      readonly max?: number;
      readonly default: number;
      readonly description: string;
    }
  /** A pixel amount, also as a fraction such as 2/255. `default: null` means that it derives from epsilon and steps. */
  | { readonly type: 'pixels'; readonly default: number | null; readonly description: string }
  | { readonly type: 'boolean'; readonly default: boolean; readonly description: string };

export type ParameterValue = number | boolean | null;
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** An attack as the registry, the campaign file and the documentation know it. */
export interface AttackDefinition {
  /** Name in campaign files: `mi-fgsm`. */
  readonly name: string;
  readonly description: string;
  readonly paper: string;
  /** Whether it needs a white-box surrogate (transfer attacks and transfer priors). */
  readonly needsSurrogate: boolean;
  /** Whether it queries the target as it goes, so that query counts are worth reporting. */
  readonly usesQueries: boolean;
  readonly norms: readonly Norm[];
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  run(problem: Problem, parameters: Parameters, random: Random): AttackRun;
}
