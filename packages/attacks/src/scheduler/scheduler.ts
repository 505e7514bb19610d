import type { Classifier, DifferentiableClassifier, Objective } from '@unpair/classifiers';
import type { ForwardRequest, GradientRequest, Request, SampleObjective } from '../attack.js';
import type { EvaluateBatch } from './batch-queue.js';
import { BatchQueue } from './batch-queue.js';
import type { SampleRun } from './sample-run.js';

/** Models and limits of one schedule. */
export interface ScheduleOptions {
  readonly target: Pick<Classifier, 'shape' | 'classes' | 'logits'>;
  readonly surrogates: readonly DifferentiableClassifier[];
  readonly batchSize: number;
  readonly signal: AbortSignal | undefined;
  onDone(run: SampleRun): void;
}

interface Ticket {
  readonly run: SampleRun;
  readonly request: Request;
}

/**
 * Drives many runs at once so that the models see full batches: whatever the runs ask for is queued by model and
 * objective, and a batch is evaluated as soon as a queue can fill one. Runs that end leave at once and others start in
 * their place. Every run under way waits in one of the queues, so that as many batches' worth of runs always fill one of
 * them; more would only cost memory.
 *
 * @throws the signal's reason once it is aborted
 */
export async function runAll(runs: readonly SampleRun[], options: ScheduleOptions): Promise<void> {
  const { batchSize, signal } = options;
  const queues = new Queues(options);
  let started = 0;
  let live = 0;
  const enqueue = (run: SampleRun, request: Request | null): void => {
    if (request === null) {
      live--;
      options.onDone(run);
    } else queues.push({ run, request });
  };
  for (;;) {
    for (; started < runs.length && live < queues.count * batchSize && !queues.isAnyFull; started++) {
      const run = runs[started];
      if (run === undefined) break;
      live++;
      enqueue(run, run.start());
    }
    if (live === 0) return;
    signal?.throwIfAborted();
    for (const { owner, columns } of await queues.next().runBatch()) {
      const { run, request } = owner;
      enqueue(run, run.resume(request, columns));
    }
  }
}

/** One queue for the target, one for each surrogate, and others for other objectives once they are asked for. */
class Queues {
  readonly #options: ScheduleOptions;
  readonly #inputSize: number;
  readonly #target: BatchQueue<Ticket>;
  readonly #surrogates = new Map<string, BatchQueue<Ticket>>();

  constructor(options: ScheduleOptions) {
    const { target, batchSize } = options;
    this.#options = options;
    this.#inputSize = target.shape.reduce((product, side) => product * side, 1);
    this.#target = new BatchQueue(forwardsOf(target), batchSize, this.#inputSize);
  }

  /** Queues that there are, or will be as soon as every surrogate was asked for. */
  get count(): number {
    return 1 + Math.max(1, this.#options.surrogates.length, this.#surrogates.size);
  }

  get isAnyFull(): boolean {
    return this.#all().some(({ isFull }) => isFull);
  }

  push(ticket: Ticket): void {
    const { request } = ticket;
    const queue = request.kind === 'query' ? this.#target : this.#surrogateOf(request);
    queue.push(ticket, request.inputs, request.count);
  }

  /** The target's queue when it can fill a batch; else the one that holds most, the target's before others. */
  next(): BatchQueue<Ticket> {
    if (this.#target.isFull) return this.#target;
    return this.#all().reduce((most, queue) => (queue.size > most.size ? queue : most));
  }

  #all(): readonly BatchQueue<Ticket>[] {
    return [this.#target, ...this.#surrogates.values()];
  }

  #surrogateOf(request: GradientRequest | ForwardRequest): BatchQueue<Ticket> {
    const asked = request.kind === 'forward' ? request.kind : request.objective.kind;
    const name = `${asked} of ${request.surrogate}`;
    const queue = this.#surrogates.get(name) ?? this.#createQueue(request.surrogate, asked);
    this.#surrogates.set(name, queue);
    return queue;
  }

  #createQueue(index: number, asked: Objective['kind'] | 'forward'): BatchQueue<Ticket> {
    const { surrogates, batchSize } = this.#options;
    const surrogate = surrogates[index];
    if (surrogate === undefined) {
      throw new TypeError(`an attack asked surrogate ${index} of ${surrogates.length}`);
    }
    const evaluate =
      asked === 'forward' ? forwardsOf(surrogate) : gradientsOf(surrogate, asked, this.#inputSize);
    return new BatchQueue(evaluate, batchSize, this.#inputSize);
  }
}

function forwardsOf(model: Pick<Classifier, 'classes' | 'logits'>): EvaluateBatch<Ticket> {
  return async (inputs, { length }) => [{ data: await model.logits(inputs, length), width: model.classes }];
}

function gradientsOf(
  surrogate: DifferentiableClassifier,
  kind: Objective['kind'],
  inputSize: number,
): EvaluateBatch<Ticket> {
  const { classes } = surrogate;
  return async (inputs, owners) => {
    const objective = together(
      kind,
      owners.map(({ request }) => objectiveOf(request)),
      classes,
    );
    const answer = await surrogate.gradients(inputs, objective, owners.length);
    return [
      { data: answer.values, width: 1 },
      { data: answer.gradients, width: inputSize },
      { data: answer.logits, width: classes },
      { data: Float32Array.from(answer.invalid), width: 1 },
    ];
  };
}

function objectiveOf(request: Request): SampleObjective {
  if (request.kind === 'gradient') return request.objective;
  throw new TypeError(`a ${request.kind} has no objective`);
}

/** The objectives of the inputs of a batch, all of one kind, as a surrogate takes them. */
function together(kind: Objective['kind'], each: readonly SampleObjective[], classes: number): Objective {
  if (kind === 'cross-entropy') {
    return { kind, labels: Int32Array.from(each, (one) => (one.kind === kind ? one.label : -1)) };
  }
  if (kind === 'decayed-features') return decayedTogether(each);
  const weights = new Float32Array(each.length * classes);
  each.forEach((one, row) => {
    if (one.kind !== kind || one.weights.length !== classes) {
      throw new TypeError(`a combination of ${classes} logits needs as many weights`);
    }
    weights.set(one.weights, row * classes);
  });
  return { kind, weights };
}

function decayedTogether(each: readonly SampleObjective[]): Objective {
  const all = each.flatMap((one) => (one.kind === 'decayed-features' ? [one] : []));
  const size = all[0]?.reference.length ?? 0;
  const references = new Float32Array(all.length * size);
  all.forEach(({ reference }, row) => {
    references.set(reference, row * size);
  });
  const labels = Int32Array.from(all, ({ label }) => label);
  return {
    kind: 'decayed-features',
    labels,
    references,
    shares: Float32Array.from(all, ({ share }) => share),
  };
}
