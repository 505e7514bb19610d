import type { Classifier } from '@unpair/classifiers';
import type { Graph, Runtime } from '@unpair/graph';
import type { Parameters, ParameterSpecs } from '@unpair/parameters';
import type { Checkpoints, FineTuneProgress } from './train.js';
import type { TrainingSamples } from './samples/samples.js';

/** What a sibling is made of. */
export interface SiblingRequest {
  /** The model to derive from: one input [N, C, H, W]. */
  readonly graph: Graph;
  /** The full model: to share less with, to be mixed with, to be imitated; absent without a `relation` to it. */
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
  /** The full model as who imitates it may ask it; of `target` itself where there is no more to it than its file. */
  readonly asked?: Pick<Classifier, 'classes' | 'logits'> | undefined;
  /** Told of evaluations of `target` that an attacker would have to ask for: they count as queries. */
  readonly onQueries?: ((count: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a sibling has to do with a second model, `from`: the full one, which attackers may have for a target. */
type Relation =
  /** Led away from it: defended against its attackers, who are then tried on the sibling. */
  | 'unpaired-from'
  /** Its weights are between those of both. */
  | 'mixed-with'
  /** Trained on its answers. */
  | 'imitates';

/** What a way of deriving says of all its siblings. */
export interface SiblingTraits {
  /** An attacker does not publish it, and takes what comes out: it need not classify to be what it is. */
  readonly maker: 'publisher' | 'attacker';
  /** Absent where it takes no second model. */
  readonly relation?: Relation;
  /** The parameter that bounds the queries to the second model; absent where it is asked none. */
  readonly budget?: string;
}

/** One way in which an adaptive attacker makes a sibling. */
interface SiblingTry {
  /** Ends the names of models that are made so: `imitated-1000`. */
  readonly name: string;
  readonly parameters: Parameters;
}

/** A way to derive a published model from a full one, as the registry, campaign files and documentation know it. */
export interface SiblingDefinition<Name extends string = string> extends SiblingTraits {
  /** Name in campaign files: `quantize`. */
  readonly name: Name;
  readonly description: string;
  /** What becomes of rounded weights: it `adds`, `keeps` or `refuses` them; absent where it makes float weights of any. */
  readonly rounding?: 'adds' | 'keeps' | 'refuses';
  /** What those do who try defences: parameters that differ from the defaults, those of fewest queries first. */
  readonly tries?: readonly SiblingTry[];
  /** Whether it is a network of its own, not the model's graph with other weights. */
  readonly isOtherNetwork?: boolean;
  /** A name with a dot is a field of a map: `finetune.epochs`. */
  readonly parameters: ParameterSpecs;
  /** What is wrong with parameters of which each is right by itself; absent, or undefined, for nothing. */
  misfit?(parameters: Parameters): ParameterMisfit | undefined;
  /** Whether the model's own graph is trained with these parameters, many images at a time; absent where it never is. */
  trains?(parameters: Parameters): boolean;
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
