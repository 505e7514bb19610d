import { ask, createLogger, Deliveries, listen, publishResult, type Delivery } from '@unpair/platform';
import {
  decodeOrders,
  decodeTask,
  encodeReport,
  rollCall,
  workerSubject,
  workKinds,
  type SampleRange,
  type Task,
  type TaskInHand,
  type TaskResult,
  type WorkerReport,
} from '@unpair/protocol';
import type { NatsConnection } from '@unpair/platform';
import { queuesOf } from '../../src/workers/worker-table.js';
import { derivedDigest } from './campaign-file.js';

export interface SyntheticWorkerOptions {
  readonly connection: NatsConnection;
  /** Replaces the outcome of tasks that a test wants to fail; undefined leaves it. */
  readonly outcome?: (task: Task) => TaskResult['outcome'] | undefined;
  /** Whether a task is answered; one that is not leaves the queue without a result. */
  readonly answers?: (task: Task) => boolean;
  /** Tasks to take at most. */
  readonly limit?: number;
  /** Queues to take tasks of: those of {@link synthetic} unless said. */
  readonly queues?: readonly string[];
}

/** What synthetic workers say that they are. */
export const synthetic: WorkerReport = {
  ...{ worker: 'synthetic', version: 'test', label: 'any', engine: 'synthetic', kinds: [...workKinds] },
  ...{
    runtime: 'synthetic 1',
    device: 'cpu',
    slots: 1,
    tasks: [],
    modelsHeld: 0,
    models: [],
    leaving: false,
  },
};

/** Reports as a worker would, until disposed of; calls back with what it is told to abandon. */
export function beThere(
  connection: NatsConnection,
  more: Partial<WorkerReport> = {},
  onAbandon: (tasks: readonly TaskInHand[]) => void = () => undefined,
): Disposable & { report(more: Partial<WorkerReport>): Promise<void> } {
  let told = { ...synthetic, ...more };
  const report = async (): Promise<void> => {
    const answer = await ask(connection, workerSubject(told.worker), encodeReport(told), 1_000);
    const { abandon } = answer === undefined ? { abandon: [] } : decodeOrders(answer);
    if (abandon.length > 0) onAbandon(abandon);
  };
  const ear = listen(connection, { subject: rollCall, logger: silent, onMessage: () => void report() });
  const timer = setInterval(() => void report(), 1_000);
  void report();
  return {
    report: (news) => {
      told = { ...told, ...news };
      return report();
    },
    [Symbol.dispose]: () => {
      clearInterval(timer);
      ear[Symbol.dispose]();
    },
  };
}

const silent = createLogger({ service: 'test', level: 'silent' });

/** Takes tasks off the real queue and writes results that are a function of the task alone, as a worker would. */
export async function work(options: SyntheticWorkerOptions, signal: AbortSignal): Promise<Task[]> {
  const {
    connection,
    outcome = () => undefined,
    answers = () => true,
    limit = Infinity,
    queues = queuesOf(synthetic),
  } = options;
  const onExtra = (delivery: Delivery): void => {
    delivery.retry();
  };
  await using deliveries = await Deliveries.open({ connection, queues, onExtra }, signal);
  const taken: Task[] = [];
  while (!signal.aborted && taken.length < limit) {
    const delivery = await deliveries.next(1_000);
    if (delivery === undefined) continue;
    const task = decodeTask(delivery.data);
    taken.push(task);
    if (answers(task)) await publishResult(connection, syntheticResult(task, outcome(task)));
    await delivery.done();
  }
  return taken;
}

/** The result of a task: numbers that depend on samples and names, never on time or order. */
export function syntheticResult(task: Task, outcome: TaskResult['outcome'] = outcomeOf(task)): TaskResult {
  const { campaignId, index, round, generation } = task;
  return {
    campaignId,
    index,
    round,
    generation,
    worker: 'synthetic',
    runtime: 'synthetic 1 cpu',
    seconds: 0.5,
    outcome,
  };
}

function samplesOf(range: SampleRange | undefined): number[] {
  if (range === undefined) throw new Error('The task names no samples.');
  return Array.from({ length: range.count }, (_, offset) => range.first + offset);
}

function outcomeOf({ work: content }: Task): Exclude<TaskResult['outcome'], undefined> {
  switch (content?.$case) {
    case 'derive': {
      const value = {
        model: content.value.model,
        digest: derivedDigest,
        bytes: 123,
        parameters: 45,
        nonZero: 40,
        curve: [],
        queries: content.value.kind === 'imitate' ? 20 : 0,
      };
      return { $case: 'derived', value };
    }
    case 'prepare': {
      const size = { bytes: 12, parameters: 0, nonZero: 0, queries: 30, curve: [] };
      return { $case: 'derived', value: { model: content.value.cell, digest: derivedDigest, ...size } };
    }
    case 'accuracy': {
      const rows = samplesOf(content.value.samples).map((sample) => ({
        sample,
        label: sample % 10,
        predicted: sample % 4 === 0 ? 1 : sample % 10,
      }));
      const model = content.value.model?.id ?? '';
      return { $case: 'accuracy', value: { model, parameters: 45, nonZero: 40, macs: 90, bytes: 678, rows } };
    }
    case 'similarity': {
      const rows = samplesOf(content.value.samples).map((sample) => ({
        sample,
        cosine: sample === 3 ? NaN : sample / 40,
        surrogateNorm: 1 + sample,
        targetNorm: 2,
        agree: sample % 3 !== 0,
        klDivergence: sample / 10,
        logitCorrelation: 1 - sample / 20,
        surrogateCurvature: 3 + sample,
        targetCurvature: 4,
        surrogateInvalid: false,
        targetInvalid: sample === 3,
        ...{ hogCosine: 0.5, edgeIou: 0.25 },
      }));
      const { surrogates, target, inputs } = content.value;
      const surrogate = surrogates.map(({ id }) => id).join('+');
      return { $case: 'similarity', value: { surrogate, target: target?.id ?? '', inputs, rows } };
    }
    case 'alignment': {
      const { surrogate, target, samples } = content.value;
      const rows = [0, 16]
        .filter((sample) => sample < (samples?.count ?? 0))
        .map((sample) => ({ sample, cross: 1 + sample, surrogate: 2 + sample, target: 3 }));
      return {
        $case: 'alignment',
        value: { surrogate: surrogate?.id ?? '', target: target?.id ?? '', rows },
      };
    }
    case 'masking': {
      const rows = samplesOf(content.value.samples).map((sample) => ({
        sample,
        cleanCorrect: sample % 5 !== 0,
        unbounded: sample % 5 !== 0,
        gradient: sample % 5 !== 0,
        random: false,
        lossRises: sample !== 3,
        gradientVanishes: sample === 3,
        gradientInvalid: false,
      }));
      return { $case: 'masking', value: { model: content.value.model?.id ?? '', rows } };
    }
    case 'attack': {
      const rows = samplesOf(content.value.samples).map((sample) => ({
        sample,
        label: sample % 10,
        cleanCorrect: sample % 5 !== 0,
        surrogateCorrect: true,
        success: sample % 5 !== 0 && sample % 2 === 0,
        successRounded: sample % 4 === 2,
        queries: sample % 5 === 0 ? 0 : 10 + sample,
        surrogateQueries: 3,
        zeroGradients: 0,
        invalidGradients: 0,
        surrogateForwards: 0,
        distance100: 0,
        distance300: 0,
        distance1000: 0,
        distance3000: 0,
        distance10000: 0,
        linf: 0.03,
        l2: 0.5 + sample / 100,
      }));
      return { $case: 'attack', value: { cell: content.value.cell, rows } };
    }
    case undefined:
      throw new Error('The task holds no work.');
  }
}
