import type { Graph, Runtime } from '@unpair/graph';
import type { Parameters, ParameterSpec } from '../attacks/attack.js';
import type { Checkpoints, FineTuneProgress } from '../training/fine-tune.js';
import type { TrainingSamples } from '../training/samples.js';

/** What a sibling is made of. */
export interface SiblingRequest {
  /** The model to derive from: one input [N, C, H, W]. */
  readonly graph: Graph;
  /** The model that an unpaired one is to share less with; absent for ways without `needsTarget`. */
  readonly target?: Graph | undefined;
  /** Runs graphs while the sibling is made. */
  readonly runtime: Runtime;
  /** Threads inside one operator; never changes the result. */
  readonly threads?: number | undefined;
  /** Samples of the training split; which ones, and how many, the caller decides. */
  readonly samples: TrainingSamples;
  readonly parameters: Parameters;
  /** Of the order of samples, their augmentation and the starting weights. */
  readonly seed: number;
  /** Where training keeps its state, so that it goes on after it was killed. */
  readonly checkpoints?: Checkpoints | undefined;
  readonly onStep?: ((progress: FineTuneProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A way to derive a published model from a full one, as the registry, campaign files and documentation know it. */
export interface SiblingDefinition<Name extends string = string> {
  /** Name in campaign files: `quantize`. */
  readonly name: Name;
  readonly description: string;
  /** Whether it takes a second model, `from`, that the sibling is to share less with. */
  readonly needsTarget?: boolean;
  /** A name with a dot is a field of a map: `finetune.epochs`. */
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** Training samples that these parameters ask for. */
  demand(parameters: Parameters): SampleDemand;
  /** Makes the sibling: the same request gives the same graph. */
  derive(request: SiblingRequest): Promise<Graph>;
}

export interface SampleDemand {
  /** With fewer, the sibling cannot be made. */
  readonly needed: number;
  /** The parameter that asks for those. */
  readonly parameter: string;
  /** Samples to use where there are as many; at least `needed`. */
  readonly wanted: number;
}
