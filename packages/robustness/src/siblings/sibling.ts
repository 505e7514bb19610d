import type { Graph, Runtime } from '@unpair/graph';
import type { Parameters, ParameterSpec } from '../attacks/attack.js';

/** What a sibling is made of. */
export interface SiblingRequest {
  /** The model to derive from: one input [N, C, H, W]. */
  readonly graph: Graph;
  /** Runs graphs while the sibling is made. */
  readonly runtime: Runtime;
  /** Training samples [count, C, H, W] in [0, 1]; which ones, and how many, the caller decides. */
  readonly samples: Float32Array;
  readonly parameters: Parameters;
  readonly signal?: AbortSignal | undefined;
}

/** A way to derive a published model from a full one, as the registry, campaign files and documentation know it. */
export interface SiblingDefinition<Name extends string = string> {
  /** Name in campaign files: `quantize`. */
  readonly name: Name;
  readonly description: string;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** Makes the sibling: the same request gives the same graph. */
  derive(request: SiblingRequest): Promise<Graph>;
}
