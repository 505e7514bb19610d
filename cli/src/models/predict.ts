import type { SampleSet } from '@unpair/datasets';
import { inputs, slice } from '@unpair/datasets';
import type { Graph } from '@unpair/graph';
import type { Classifier } from '@unpair/classifiers';
import { consecutiveSamples, createClassifier } from '@unpair/classifiers';
import type { AccuracyRow } from '@unpair/measurements';
import { measureAccuracy } from '@unpair/measurements';
import type { DeviceRequest } from '@unpair/runtime';
import { createRuntime, openRuntime } from '@unpair/runtime';

import type { Progress } from '../terminal/progress.js';

export interface PredictOptions {
  /** Runtime and device; default: onnxruntime on the CPU. */
  readonly request?: DeviceRequest;
  /** Samples in one batch. */
  readonly batchSize: number;
  /** Threads of the runtime. */
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Called with what a user should know of how the model runs. */
  readonly onRemark?: (remark: string) => void;
}

/**
 * What a model predicts for every sample of `set`.
 * @throws {ModelError} when it is no image classifier
 * @throws the signal's reason once it is aborted
 */
export async function predict(
  graph: Graph,
  set: SampleSet,
  options: PredictOptions,
): Promise<readonly AccuracyRow[]> {
  const { request, threads, progress, onRemark } = options;
  const runtime = request === undefined ? await createRuntime() : (await openRuntime(request)).runtime;
  const model = await createClassifier({ graph, runtime, threads, images: set.shape });
  for (const remark of model.remarks ?? []) onRemark?.(remark);
  try {
    return await predictAll(model, set, options);
  } finally {
    progress.end();
    await model.close();
  }
}

/** Goes through the set in runs of a few batches, so that it can tell how far it is. */
async function predictAll(
  model: Classifier,
  set: SampleSet,
  { batchSize, signal, progress }: PredictOptions,
): Promise<readonly AccuracyRow[]> {
  const run = batchSize * 4;
  const rows: AccuracyRow[] = [];
  for (let first = 0; first < set.count; first += run) {
    progress.update({
      label: 'evaluating',
      fraction: first / set.count,
      detail: `${first}/${set.count} samples`,
    });
    const part = slice(set, first, Math.min(run, set.count - first));
    const samples = consecutiveSamples(first, inputs(part), part.labels);
    rows.push(...(await measureAccuracy(model, samples, { batchSize, signal })));
  }
  return rows;
}

/** How many of a model's predictions are right. */
export function countRight(rows: readonly AccuracyRow[]): number {
  return rows.filter(({ label, predicted }) => label === predicted).length;
}
