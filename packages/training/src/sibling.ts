import type { Graph, Runtime } from '@unpair/graph';
import type { Parameters, ParameterSpec } from '@unpair/parameters';
import type { Checkpoints, FineTuneProgress } from './fine-tune.js';
import type { TrainingSamples } from './samples/samples.js';

/** What a sibling is made of. */
export interface SiblingRequest {
  /** The model to derive from: one input [N, C, H, W]. */
  readonly graph: Graph;
  /** The full model: to share less with, to be mixed with, to be imitated; absent without `needsTarget`. */
  readonly target?: Graph | undefined;
  /** Runs graphs while the sibling is made. */
  readonly runtime: Runtime;
  /** Threads inside one operator; never changes the result. */
  readonly threads?: number | undefined;
  /** Samples of the training split; which ones, and how many, the caller decides. */
  readonly samples: TrainingSamples;
  /** Samples of the test split, which are measured on and never trained on; absent where `demand` asks for none. */
  readonly heldOut?: TrainingSamples | undefined;
  readonly parameters: Parameters;
  /** Of the order of samples, their augmentation and the starting weights. */
  readonly seed: number;
  /** Where training keeps its state, so that it goes on after it was killed. */
  readonly checkpoints?: Checkpoints | undefined;
  readonly onStep?: ((progress: FineTuneProgress) => void) | undefined;
  /** Told of evaluations of `target` that an attacker would have to ask for: they count as queries. */
  readonly onQueries?: ((count: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A way to derive a published model from a full one, as the registry, campaign files and documentation know it. */
export interface SiblingDefinition<Name extends string = string> {
  /** Name in campaign files: `quantize`. */
  readonly name: Name;
  readonly description: string;
  /** Whether it takes a second model, `from`: the full one, to differ from, to be mixed with, or to imitate. */
  readonly needsTarget?: boolean;
  /** What becomes of rounded weights: it `adds`, `keeps` or `refuses` them; absent where it makes float weights of any. */
  readonly rounding?: 'adds' | 'keeps' | 'refuses';
  /** Whether its siblings are defended against attackers of that model, who are then tried on them. */
  readonly isDefence?: boolean;
  /** Whether an attacker makes it, who takes what comes out: it need not classify to be what it is. */
  readonly isAttackers?: boolean;
  /** A name with a dot is a field of a map: `finetune.epochs`. */
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** What is wrong with parameters of which each is right by itself; absent, or undefined, for nothing. */
  misfit?(parameters: Parameters): ParameterMisfit | undefined;
  /** Samples that these parameters ask for. */
  demand(parameters: Parameters): SampleDemand;
  /** Makes the sibling: the same request gives the same graph. */
  derive(request: SiblingRequest): Promise<Graph>;
}

/** A parameter that does not go with the others. */
export interface ParameterMisfit {
  readonly parameter: string;
  /** Stands behind the parameter's name: `must be …, got …`. */
  readonly description: string;
}

/** Training samples that a sibling asks for, and what of the test split it measures on. */
export interface SampleDemand {
  /** With fewer, the sibling cannot be made. */
  readonly needed: number;
  /** The parameter that asks for those. */
  readonly parameter: string;
  /** Samples to use where there are as many; at least `needed`. */
  readonly wanted: number;
  /** The last so many samples of the test split, above 0; absent for none. */
  readonly heldOut?: HeldOutDemand;
}

export interface HeldOutDemand {
  readonly count: number;
  /** The parameter that asks for them. */
  readonly parameter: string;
}
