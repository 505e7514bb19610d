import type { Graph } from '@unpair/graph';
import { GraphBuilder, float32, int, ints } from '@unpair/graph';
import { uniform } from './random.js';

const random = (shape: readonly number[], seed: number, low = -0.5, high = 0.5): ReturnType<typeof float32> =>
  float32(
    shape,
    uniform(
      shape.reduce((a, b) => a * b, 1),
      seed,
      low,
      high,
    ),
  );

/** A small classifier with what real ones have: normalisation, a shortcut, pooling, a linear head. [N,3,8,8] → [N,5]. */
export function smallClassifier(): Graph {
  const b = new GraphBuilder('small');
  const image = b.input('image', 'float32', ['N', 3, 8, 8]);
  const same = { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) };
  const stem = b.node('Conv', [image, b.initializer('w', random([6, 3, 3, 3], 1))], same);
  const normal = b.node('BatchNormalization', [
    stem,
    b.initializer('scale', random([6], 2, 0.5, 1.5)),
    b.initializer('shift', random([6], 3)),
    b.initializer('mean', random([6], 4)),
    b.initializer('var', random([6], 5, 0.5, 1.5)),
  ]);
  const active = b.node('Relu', [normal]);
  const weights = [b.initializer('w', random([6, 3, 3, 3], 6)), b.initializer('b', random([6], 7))];
  const branch = b.node('Conv', [active, ...weights], { ...same, group: int(2) });
  const sum = b.node('Relu', [b.node('Add', [active, branch])]);
  const flat = b.node('Flatten', [b.node('GlobalAveragePool', [sum])]);
  const head = [b.initializer('w', random([5, 6], 8)), b.initializer('b', random([5], 9))];
  const logits = b.rename(b.node('Gemm', [flat, ...head], { transB: int(1) }), 'logits');
  b.output(logits, 'float32', ['N', 5]);
  return b.build();
}
