import type { Classifier, DifferentiableClassifier, Sample } from '@unpair/classifiers';
import type { Threat } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import type { Access, Offer } from '../access.js';
import type { AttackDefinition } from '../attack.js';
import type { GoalChoice } from '../goal.js';
import type { OnQueries } from '../oracle.js';

/** What one attack on one set of samples takes. */
export interface AttackOptions<A extends Access = Access> {
  readonly definition: AttackDefinition<A>;
  /** As in the campaign file; what is absent or null takes its default. */
  readonly parameters: Parameters;
  readonly target: Classifier;
  /** How much of its answers the target gives. Default: its logits. */
  readonly offer?: Offer;
  /** The published siblings that the attacker has; none for attacks that need none. */
  readonly surrogates: readonly DifferentiableClassifier[];
  readonly samples: readonly Sample[];
  readonly threat: Threat;
  /** What the attack is after. Default: any class but the label. */
  readonly goal?: GoalChoice;
  /** The campaign's seed. */
  readonly seed: number;
  /** Identity of the cell. With the seed and a sample's index it determines every random choice. */
  readonly cell: string;
  /** Inputs that the models evaluate at a time; results do not depend on it. Default 64. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of the queries as they are computed: in the end, of as many as the rows have. */
  readonly onQueries?: OnQueries | undefined;
  /** Called whenever samples are done. */
  readonly onProgress?: ((progress: AttackProgress) => void) | undefined;
}

export interface AttackProgress {
  readonly done: number;
  readonly samples: number;
  /** Queries to the target in the samples that are done. */
  readonly queries: number;
}
