import type { SampleSet } from '@unpair/datasets';
import { inputs } from '@unpair/datasets';
import type { Classifier } from '@unpair/classifiers';
import { argmax } from '@unpair/classifiers';
import { createRandom } from '@unpair/numerics';

const BATCH = 64;

/**
 * Random images with the labels that the model itself gives them: it is right on all, so that every one is attacked
 * and the work is known beforehand.
 */
export async function labelledNoise(model: Classifier, count: number): Promise<SampleSet> {
  const random = createRandom({ seed: 1, cell: 'images', sample: 0 });
  const size = model.shape.reduce((product, side) => product * side, 1);
  const images = Uint8Array.from({ length: count * size }, () => random.integer(256));
  const { shape, classes } = model;
  const set = {
    name: 'noise',
    classNames: null,
    labels: new Int32Array(count),
    shape,
    classes,
    count,
    images,
  };
  for (let first = 0; first < count; first += BATCH) {
    const rows = Math.min(BATCH, count - first);
    const logits = await model.logits(inputs(set, first, rows), rows);
    for (let row = 0; row < rows; row++) set.labels[first + row] = argmax(logits, row * classes, classes);
  }
  return set;
}
