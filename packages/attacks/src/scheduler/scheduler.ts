import type { Classifier, DifferentiableClassifier } from '@unpair/classifiers';
import { BatchQueue } from './batch-queue.js';
import type { Demand, SampleRun } from './sample-run.js';

/** Models and limits of one schedule. */
export interface ScheduleOptions {
  readonly target: Classifier;
  readonly surrogate: DifferentiableClassifier | null;
  readonly batchSize: number;
  readonly signal: AbortSignal | undefined;
  onDone(run: SampleRun): void;
}

/** The target's and the surrogate's. */
const QUEUES = 2;

interface Ticket {
  readonly run: SampleRun;
  readonly demand: Demand;
}

/**
 * Drives many runs at once so that the models see full batches: whatever the runs ask for is queued by model, and a
 * batch is evaluated as soon as a queue can fill one. Runs that end leave at once and others start in their place. Every
 * run under way waits in one of two queues, so that two batches' worth of runs always fill one of them; more would only
 * cost memory.
 *
 * @throws the signal's reason once it is aborted
 */
export async function runAll(runs: readonly SampleRun[], options: ScheduleOptions): Promise<void> {
  const { batchSize, signal } = options;
  const queues = createQueues(options);
  let started = 0;
  let live = 0;
  const enqueue = (run: SampleRun, demand: Demand | null): void => {
    if (demand === null) {
      live--;
      options.onDone(run);
    } else queues[demand.kind].push({ run, demand }, demand.inputs, demand.count, run.sample.label);
  };
  const isAnyFull = (): boolean => queues.query.isFull || queues.gradient.isFull;
  for (;;) {
    for (; started < runs.length && live < QUEUES * batchSize && !isAnyFull(); started++) {
      const run = runs[started];
      if (run === undefined) break;
      live++;
      enqueue(run, run.start());
    }
    if (live === 0) return;
    signal?.throwIfAborted();
    for (const { owner, columns } of await nextQueue(queues).runBatch()) {
      const { run, demand } = owner;
      enqueue(run, run.resume(demand, columns));
    }
  }
}

type Queues = Readonly<Record<Demand['kind'], BatchQueue<Ticket>>>;

function createQueues({ target, surrogate, batchSize }: ScheduleOptions): Queues {
  const inputSize = target.shape.reduce((product, side) => product * side, 1);
  return {
    query: new BatchQueue(
      async (inputs, _labels, count) => [{ data: await target.logits(inputs, count), width: target.classes }],
      batchSize,
      inputSize,
    ),
    gradient: new BatchQueue(
      async (inputs, labels, count) => {
        if (surrogate === null) throw new TypeError('an attack without a surrogate asked for a gradient');
        const { losses, gradients, logits } = await surrogate.lossGradients(inputs, labels, count);
        return [
          { data: losses, width: 1 },
          { data: gradients, width: inputSize },
          { data: logits, width: surrogate.classes },
        ];
      },
      batchSize,
      inputSize,
    ),
  };
}

/** The target's queue when it can fill a batch; else whichever holds more. */
function nextQueue({ query, gradient }: Queues): BatchQueue<Ticket> {
  return query.isFull || query.size >= gradient.size ? query : gradient;
}
