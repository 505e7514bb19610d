import type { TermName } from '@unpair/graph';
import type { Threat } from '@unpair/numerics';

/** How a row of a batch shows its image. */
const TRAINING_ROWS = ['adversarial', 'noise', 'path', 'clean'] as const;
export type TrainingRow = (typeof TRAINING_ROWS)[number];

/** The rows on which terms about the target act; rows on the sibling's own path are there for them alone. */
export const PENALIZED = ['all', 'clean', 'moved'] as const;

/** A term's weight by its name in campaign files. */
export type UnpairingTermName =
  'crossEntropy' | 'distillation' | 'cosine' | 'absoluteCosine' | 'smoothness' | 'features';

/** A term of the objective, as campaign files and documentation know it. */
export interface UnpairingTerm {
  readonly name: UnpairingTermName;
  readonly term: TermName;
  /** The default of its weight. */
  readonly weight: number;
  /** The rows it acts on; those that `penalized` chooses where it says nothing. Such terms take from the attacker. */
  readonly rows?: readonly TrainingRow[];
  readonly description: string;
}

/** Every term. A new one is added to this list. */
export const UNPAIRING_TERMS: readonly UnpairingTerm[] = [
  {
    name: 'crossEntropy',
    term: 'cross-entropy',
    weight: 0.3,
    rows: ['adversarial', 'noise', 'clean'],
    description: 'Weight of the cross-entropy with the labels, on all rows but those of `path`.',
  },
  {
    name: 'distillation',
    term: 'distillation',
    weight: 0.7,
    rows: ['adversarial', 'noise', 'clean'],
    description: 'Weight of the divergence from what the teacher answers to the unmoved image.',
  },
  {
    name: 'cosine',
    term: 'squared-cosine',
    weight: 0,
    description: 'Weight of the squared cosine of the two models’ input gradients.',
  },
  {
    name: 'absoluteCosine',
    term: 'absolute-cosine',
    weight: 0,
    description: 'Weight of its absolute value.',
  },
  {
    name: 'smoothness',
    term: 'squared-gradient-norm',
    weight: 0,
    description: 'Weight of the squared norm of the input gradient.',
  },
  {
    name: 'features',
    term: 'feature-alignment',
    weight: 0,
    description: 'Weight of the linear CKA of the two models’ penultimate features over the batch.',
  },
];

/** What unpairing minimizes: a sum of terms over the rows of a batch. */
export interface UnpairingObjective {
  /**
   * Part of each batch, from 0 to 1, that is shown as it fools the target, under its true label: being right on what
   * fools the target is the opposite of sharing its weaknesses (after DVERGE, arXiv 2009.14720).
   */
  readonly adversarial: number;
  /** Part of each batch that is shown with uniform noise, so that penalties act around the images too. */
  readonly noise: number;
  /** Part of each batch that is shown at a point of an attack's path against the sibling itself, for penalties alone. */
  readonly path: number;
  /** Whether images of which a moved version is shown are shown clean as well. */
  readonly pairs: boolean;
  /** Ball within which images are moved. */
  readonly threat: Threat;
  /** Steps of projected gradient descent that move them; each is 1.5·ε/steps long. */
  readonly steps: number;
  readonly weights: Readonly<Record<UnpairingTermName, number>>;
  readonly penalized: (typeof PENALIZED)[number];
  /** Share of all steps over which the weights of terms about the target rise from 0. */
  readonly ramp: number;
  /** Whose answers `distillation` follows: those of the model before unpairing, or of the target. */
  readonly teacher: 'of' | 'from';
  /** What logits are divided by before they are compared as probabilities. */
  readonly temperature: number;
}

/** The terms of an objective that have a weight. */
export function activeTerms({ weights }: Pick<UnpairingObjective, 'weights'>): readonly UnpairingTerm[] {
  return UNPAIRING_TERMS.filter(({ name }) => weights[name] !== 0);
}

/** Whether the objective asks for anything but accuracy. */
export function unpairs(objective: UnpairingObjective): boolean {
  const learnsFrom = (rows: readonly TrainingRow[]): boolean =>
    objective.adversarial > 0 && rows.includes('adversarial');
  return activeTerms(objective).some(({ rows }) => rows === undefined || learnsFrom(rows));
}

/**
 * What each row's term is multiplied with, after the share `progress` of all steps.
 * @param kinds of the rows
 */
export function rowWeights(
  { name, rows }: UnpairingTerm,
  kinds: readonly TrainingRow[],
  { weights, penalized, ramp }: UnpairingObjective,
  progress: number,
): Float32Array {
  const rises = rows === undefined && progress < ramp;
  const weight = weights[name] * (rises ? progress / ramp : 1);
  const acting: readonly TrainingRow[] = rows ?? PENALIZED_ROWS[penalized];
  return Float32Array.from(kinds, (kind) => (acting.includes(kind) ? weight : 0));
}

const PENALIZED_ROWS: Readonly<Record<UnpairingObjective['penalized'], readonly TrainingRow[]>> = {
  all: TRAINING_ROWS,
  clean: ['path', 'clean'],
  moved: ['adversarial', 'noise', 'path'],
};
