/** What one model answered to one clean sample. */
export interface AccuracyRow {
  readonly sample: number;
  readonly label: number;
  readonly predicted: number;
}

/** How alike two models are at one clean sample. */
export interface SimilarityRow {
  readonly sample: number;
  /** Cosine of the two models' input gradients of the cross-entropy; not a number where a gradient is zero. */
  readonly cosine: number;
  /** l2 norms of the two input gradients. */
  readonly surrogateNorm: number;
  readonly targetNorm: number;
  /** Whether both predict the same class. */
  readonly agree: boolean;
}

/** How the attack of one cell went on one sample. */
export interface AttackRow {
  readonly sample: number;
  readonly label: number;
  /** Whether the target classified the clean input correctly (query 0). If not, it was not attacked. */
  readonly cleanCorrect: boolean;
  /** False without a surrogate. */
  readonly surrogateCorrect: boolean;
  readonly success: boolean;
  /** Whether the adversarial example still succeeds after rounding to 8 bits (not billed). */
  readonly successRounded: boolean;
  /** Inputs that the target evaluated, query 0 excepted. */
  readonly queries: number;
  readonly surrogateQueries: number;
  /** Distances from the clean input, in units of the [0,1] pixel range. */
  readonly linf: number;
  readonly l2: number;
}

/** Rows that belong together: of one model, of one pair of models, or of one cell. */
export type RowGroup =
  | { readonly kind: 'accuracy'; readonly model: string; readonly rows: readonly AccuracyRow[] }
  | {
      readonly kind: 'similarity';
      readonly surrogate: string;
      readonly target: string;
      readonly rows: readonly SimilarityRow[];
    }
  | { readonly kind: 'attack'; readonly cell: string; readonly rows: readonly AttackRow[] };

/** Identity of a group, the same for all shards of it. */
export function groupKey(group: RowGroup): string {
  switch (group.kind) {
    case 'accuracy':
      return `accuracy ${group.model}`;
    case 'similarity':
      return `similarity ${group.surrogate} ${group.target}`;
    case 'attack':
      return `attack ${group.cell}`;
  }
}
