import type { ParameterSpec, Parameters } from '@unpair/parameters';
import type { Random } from '@unpair/numerics';
import type { Norm, Threat } from '@unpair/numerics';
import type { Access, Observations } from './access.js';
import type { Goal } from './goal.js';

/** One sample to attack, for an attack that sees `A` of the target's answers. */
export interface Problem<A extends Access = Access> extends Threat {
  /** The clean input, [C,H,W] flattened, in [0,1]. */
  readonly input: Float32Array;
  /** [C, H, W]. */
  readonly shape: readonly [number, number, number];
  readonly goal: Goal;
  readonly classes: number;
  /** The target's answer to the clean input: query 0, which every attack may use and none pays for. */
  readonly clean: Observations[A];
  /** How many surrogates there are: requests address them as 0 to surrogates − 1. */
  readonly surrogates: number;
}

/** What a surrogate is differentiated for, the same at every input of a request. */
export type SampleObjective =
  /** The cross-entropy against a class. */
  | { readonly kind: 'cross-entropy'; readonly label: number }
  /** A sum of the logits by weights [classes]: the margin of two classes is +1 at one and −1 at the other. */
  | { readonly kind: 'combination'; readonly weights: Float32Array }
  /** The cross-entropy against a class where the features in the model's middle are a `share` of their own, the rest `reference`'s [n]. */
  | {
      readonly kind: 'decayed-features';
      readonly label: number;
      readonly reference: Float32Array;
      readonly share: number;
    };

/**
 * What an attack asks for while it runs: models evaluated on `count` inputs, laid out one after the other. The
 * scheduler gathers the requests of many samples into full batches; an attack never sees which other samples share a
 * batch. The inputs must stay as they are until the answer comes; the answer is the attack's to keep.
 */
export type Request = QueryRequest | GradientRequest | ForwardRequest;

/**
 * Evaluates the target: every input is one billed query. The oracle ends the attack once an input of a request reaches
 * the goal (unless the attack looks for the nearest that does), or once the budget is spent; of a request that exceeds
 * the budget it evaluates only the beginning.
 */
export interface QueryRequest {
  readonly kind: 'query';
  readonly inputs: Float32Array;
  readonly count: number;
}

/** Differentiates one surrogate: counted apart. */
export interface GradientRequest {
  readonly kind: 'gradient';
  /** Which of the problem's surrogates. */
  readonly surrogate: number;
  readonly objective: SampleObjective;
  readonly inputs: Float32Array;
  readonly count: number;
}

/** Evaluates one surrogate and no more: counted apart from its gradients. */
export interface ForwardRequest {
  readonly kind: 'forward';
  /** Which of the problem's surrogates. */
  readonly surrogate: number;
  readonly inputs: Float32Array;
  readonly count: number;
}

/** As much of the target's answer as the attack's access gives. */
export type QueryAnswer<A extends Access = Access> = Observations[A] & {
  readonly kind: 'query';
  /** Queries that the sample may still spend. */
  readonly remaining: number;
};

export interface GradientAnswer {
  readonly kind: 'gradient';
  /** The objective at each input, [count]. */
  readonly values: Float32Array;
  /** [count, C·H·W] */
  readonly gradients: Float32Array;
  /** [count] entries of each gradient that are 0 since they are no finite numbers; of several surrogates, all theirs. */
  readonly invalid: Int32Array;
  /** The surrogate's, [count, classes]. */
  readonly logits: Float32Array;
}

export interface ForwardAnswer {
  readonly kind: 'forward';
  /** The surrogate's, [count, classes]. */
  readonly logits: Float32Array;
}

export type Answer<A extends Access = Access> = QueryAnswer<A> | GradientAnswer | ForwardAnswer;

/** Part of an attack that ends in a result; it can run in any attack that sees `A`, or more. */
export type Steps<Result, A extends Access = Access> = Generator<Request, Result, Answer<A>>;

/**
 * The algorithm for one sample, written as the paper writes it; `yield*` `query` and `goalGradient` to evaluate models.
 * It only proposes inputs: success is decided, and queries are counted, by the oracle.
 */
export type AttackRun<A extends Access = Access> = Steps<void, A>;

/**
 * What an attack looks for: an example within epsilon, with which it ends; or the nearest one that the budget allows,
 * within epsilon or not.
 */
export type Finds = 'within-epsilon' | 'nearest';

/** An attack as the registry, the campaign file and the documentation know it. */
export interface AttackDefinition<A extends Access = Access> {
  /** Name in campaign files: `mi-fgsm`. */
  readonly name: string;
  readonly description: string;
  readonly paper: string;
  /** How much of the target's answers it has to see; it never sees more. */
  readonly access: A;
  /** What it can be after. */
  readonly goals: readonly Goal['kind'][];
  readonly finds: Finds;
  /** Whether it needs white-box surrogates (transfer attacks and transfer priors): at least one. */
  readonly needsSurrogate: boolean;
  /** The parameter that says how many queries one sample may spend; null for an attack that sends the target one input. */
  readonly budget: string | null;
  /** The attack that is this one without its transfer prior: what reports compare it with. */
  readonly withoutPrior?: string;
  readonly norms: readonly Norm[];
  /** The ball that it stays in, whatever the campaign's is; absent where it is the campaign's. */
  readonly ball?: Threat;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** Starts the attack on one sample, with parameters from `resolveParameters`. */
  run(problem: Problem<A>, parameters: Parameters, random: Random): AttackRun<A>;
}
