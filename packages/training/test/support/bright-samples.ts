import type { Graph } from '@unpair/graph';
import type { TrainingSamples } from '@unpair/training';
import { buildArchitecture, normalInitializer } from '@unpair/training';
import { createRandom } from '@unpair/numerics';

const SHAPE = [3, 8, 8] as const;

/** Noise whose brightness tells the class, of four: something that a network can learn within a few steps. */
export function brightSamples(count = 128, seed = 5): TrainingSamples {
  const random = createRandom({ seed, cell: 'test', sample: 0 });
  const size = SHAPE[0] * SHAPE[1] * SHAPE[2];
  const labels = Int32Array.from({ length: count }, (_, sample) => sample % 4);
  const images = Uint8Array.from(
    { length: count * size },
    (_, index) => random.integer(56) + 60 * (labels[Math.floor(index / size)] ?? 0),
  );
  return { images, labels, shape: SHAPE, classes: 4 };
}

/** A small untrained residual network for {@link brightSamples}. */
export function smallResnet(seed = 3, width = 8): Graph {
  const shape = { image: SHAPE, classes: 4, mean: [0.45, 0.45, 0.45], deviation: [0.3, 0.3, 0.3] };
  return buildArchitecture('resnet', { depth: 8, width }, shape, normalInitializer(seed));
}
