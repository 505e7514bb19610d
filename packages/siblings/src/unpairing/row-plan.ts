import type { ShownRows } from '@unpair/training';
import type { TrainingRow, UnpairingObjective } from './objective.js';

/** The rows of a step: first those that fool the target, then noise, then the sibling's path, then clean images. */
export interface RowPlan extends ShownRows {
  readonly kinds: readonly TrainingRow[];
}

type Parts = Pick<UnpairingObjective, 'adversarial' | 'noise' | 'path' | 'pairs'>;

/** The kinds of moved rows in their order. */
const MOVED = ['adversarial', 'noise', 'path'] as const;

/**
 * How the rows of a batch of `size` images are shown; which images are where, each epoch shuffles. With `pairs`, clean
 * rows show all images, otherwise those that no moved row shows.
 */
export function planRows(parts: Parts, size: number): RowPlan {
  const moved = MOVED.reduce<readonly TrainingRow[]>((kinds, kind) => {
    const count = Math.min(Math.round(parts[kind] * size), size - kinds.length);
    return [...kinds, ...Array.from({ length: count }, () => kind)];
  }, []);
  const images = Array.from({ length: size }, (_, image) => image);
  const clean = parts.pairs ? images : images.slice(moved.length);
  return {
    kinds: [...moved, ...clean.map(() => 'clean' as const)],
    images: [...images.slice(0, moved.length), ...clean],
    firstClean: moved.length,
  };
}
