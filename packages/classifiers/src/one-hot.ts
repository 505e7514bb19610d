import type { Tensor } from '@unpair/graph';
import { float32 } from '@unpair/graph';
import { UnpairError } from '@unpair/errors';

/**
 * Labels as a graph with a loss takes them: [count, classes], 1 at the label.
 * @throws {UnpairError} for a label that is missing or none of the classes
 */
export function oneHot(labels: Int32Array, classes: number, count = labels.length): Tensor<'float32'> {
  const rows = new Float32Array(count * classes);
  for (let row = 0; row < count; row++) {
    const label = labels[row] ?? -1;
    if (label < 0 || label >= classes) {
      throw new UnpairError(
        'INVALID_ARGUMENT',
        `label ${row} of ${count} is ${labels[row] ?? 'missing'}, but must be 0 to ${classes - 1}`,
      );
    }
    rows[row * classes + label] = 1;
  }
  return float32([count, classes], rows);
}
