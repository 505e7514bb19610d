import type { ParameterSpec, Parameters } from '@unpair/parameters';
import type { Random } from '@unpair/numerics';
import type { Norm, Threat } from '@unpair/numerics';

/** One sample to attack. */
export interface Problem extends Threat {
  /** The clean input, [C,H,W] flattened, in [0,1]. */
  readonly input: Float32Array;
  /** [C, H, W]. */
  readonly shape: readonly [number, number, number];
  readonly label: number;
  readonly classes: number;
  /** The target's logits on the clean input: query 0, which every attack may use and none pays for. */
  readonly logits: Float32Array;
}

/**
 * What an attack asks for while it runs: models evaluated on `count` inputs, laid out one after the other. The
 * scheduler gathers the requests of many samples into full batches; an attack never sees which other samples share a
 * batch. The inputs must stay as they are until the answer comes; the answer's arrays hold until the next request.
 */
export type Request =
  /**
   * Evaluate the target: every input is one billed query. The oracle ends the attack once an input of a request
   * succeeds, or once the budget is spent; of a request that exceeds the budget it evaluates only the beginning.
   */
  | { readonly kind: 'query'; readonly inputs: Float32Array; readonly count: number }
  /** Loss and input gradient of the surrogate: counted apart. */
  | { readonly kind: 'gradient'; readonly inputs: Float32Array; readonly count: number };

export interface QueryAnswer {
  readonly kind: 'query';
  /** [count, classes] */
  readonly logits: Float32Array;
  /** Queries that the sample may still spend. */
  readonly remaining: number;
}

export interface GradientAnswer {
  readonly kind: 'gradient';
  /** [count] cross-entropy against the sample's label. */
  readonly losses: Float32Array;
  /** [count, C·H·W] */
  readonly gradients: Float32Array;
  /** [count, classes] */
  readonly logits: Float32Array;
}

export type Answer = QueryAnswer | GradientAnswer;

/**
 * The algorithm for one sample, written as the paper writes it; `yield*` `query` and `gradient` to evaluate models.
 * It only proposes inputs: success is decided, and queries are counted, by the oracle.
 */
export type AttackRun = Generator<Request, void, Answer>;

/** An attack as the registry, the campaign file and the documentation know it. */
export interface AttackDefinition {
  /** Name in campaign files: `mi-fgsm`. */
  readonly name: string;
  readonly description: string;
  readonly paper: string;
  /** Whether it needs a white-box surrogate (transfer attacks and transfer priors). */
  readonly needsSurrogate: boolean;
  /** Whether it queries the target as it goes, within its parameter `budget`, so that query counts are worth reporting. */
  readonly usesQueries: boolean;
  /** The attack that is this one without its transfer prior: what reports compare it with. */
  readonly withoutPrior?: string;
  readonly norms: readonly Norm[];
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** Starts the attack on one sample, with parameters from `resolveParameters`. */
  run(problem: Problem, parameters: Parameters, random: Random): AttackRun;
}
