import type {
  AccuracyRow,
  AlignmentRow,
  MaskingRow,
  SimilarityInputs,
  SimilarityRow,
} from '@unpair/measurements';
import type { AttackRow } from '@unpair/attacks';

/** Rows that belong together: of one model, of one pair of models, or of one cell. */
export type RowGroup =
  | { readonly kind: 'accuracy'; readonly model: string; readonly rows: readonly AccuracyRow[] }
  | {
      readonly kind: 'similarity';
      readonly surrogate: string;
      readonly target: string;
      readonly inputs: SimilarityInputs;
      readonly rows: readonly SimilarityRow[];
    }
  | {
      readonly kind: 'alignment';
      readonly surrogate: string;
      readonly target: string;
      readonly rows: readonly AlignmentRow[];
    }
  | { readonly kind: 'masking'; readonly model: string; readonly rows: readonly MaskingRow[] }
  | { readonly kind: 'attack'; readonly cell: string; readonly rows: readonly AttackRow[] };

/** Identity of a group, the same for all shards of it. */
export function groupKey(group: RowGroup): string {
  switch (group.kind) {
    case 'accuracy':
      return `accuracy ${group.model}`;
    case 'similarity':
      return `similarity ${group.inputs} ${group.surrogate} ${group.target}`;
    case 'alignment':
      return `alignment ${group.surrogate} ${group.target}`;
    case 'masking':
      return `masking ${group.model}`;
    case 'attack':
      return `attack ${group.cell}`;
  }
}
