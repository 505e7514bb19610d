import { UnpairError } from '@unpair/errors';
import type { Classifier } from './classifier.js';

/** @throws {UnpairError} when models that an attacker uses together do not take the same inputs and know the same classes */
export function assertAlike(models: readonly Pick<Classifier, 'shape' | 'classes'>[]): void {
  const [first, other] = new Set(models.map(sizesOf));
  if (other === undefined) return;
  throw new UnpairError(
    'INVALID_ARGUMENT',
    `an ensemble's members must be alike, got ${first ?? ''} and ${other}`,
  );
}

function sizesOf({ shape, classes }: Pick<Classifier, 'shape' | 'classes'>): string {
  return `inputs [${shape.join(', ')}] of ${classes} classes`;
}

/** The mean of several models' numbers, element by element, in their order: the sum is the same in every run. */
export function meanOf(arrays: readonly Float32Array[]): Float32Array {
  const [only] = arrays;
  if (only !== undefined && arrays.length === 1) return only;
  const size = only?.length ?? 0;
  const mean = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (const array of arrays) sum += array[i] ?? 0;
    mean[i] = sum / arrays.length;
  }
  return mean;
}

/** The sum of several models' counts, element by element. */
export function sumOf(counts: readonly Int32Array[]): Int32Array {
  return counts.reduce((sum, own) => sum.map((count, i) => count + (own[i] ?? 0)));
}
