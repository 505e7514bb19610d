import type { SampleSet } from '@unpair/datasets';
import { inputs } from '@unpair/datasets';
import type { Graph, Runtime } from '@unpair/graph';
import { float32 } from '@unpair/graph';
import { argmax } from '@unpair/robustness';

const BATCH = 100;

/** Samples of `set` that a classifier gets right. */
export async function countCorrect(
  runtime: Runtime,
  model: Graph,
  set: SampleSet,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<number> {
  const executable = await runtime.load(model);
  const [input = { name: '' }] = model.inputs;
  try {
    let correct = 0;
    for (let first = 0; first < set.count; first += BATCH) {
      signal?.throwIfAborted();
      const count = Math.min(BATCH, set.count - first);
      const images = float32([count, ...set.shape], inputs(set, first, count));
      const [logits] = Object.values(await executable.run({ [input.name]: images }));
      if (logits?.dataType !== 'float32') throw new TypeError('a classifier must give float32 logits');
      for (let row = 0; row < count; row++) {
        const scores = logits.data.subarray(row * set.classes, (row + 1) * set.classes);
        if (argmax(scores) === set.labels[first + row]) correct += 1;
      }
    }
    return correct;
  } finally {
    await executable.close();
  }
}
