import {
  ask,
  connectNats,
  createLogger,
  Deliveries,
  publishResult,
  type Delivery,
  type NatsConnection,
} from '@unpair/platform';
import {
  decodeTask,
  encodeReport,
  queueName,
  workerSubject,
  workKinds,
  type WorkerReport,
} from '@unpair/protocol';
import { setTimeout as sleep } from 'node:timers/promises';
import { synthetic, syntheticResult } from '../../services/coordinator/test/support/synthetic-worker.js';

export interface SimulationOptions {
  readonly url: string;
  readonly workers: number;
  /** What each task takes. */
  readonly milliseconds: number;
  readonly signal: AbortSignal;
}

/** Workers of one connection: a pod has its own, which costs the broker a socket and nothing else that counts here. */
const workersOfConnection = 50;
const reportInterval = 3_000;
const queues = workKinds.map((kind) => queueName({ ...synthetic, kind }));

/**
 * So many workers that speak the real protocol (reports, leases, fenced results, acknowledgements) and compute nothing: each
 * result is a function of its task.
 */
export async function simulateWorkers({
  url,
  workers,
  milliseconds,
  signal,
}: SimulationOptions): Promise<void> {
  const logger = createLogger({ service: 'simulated', level: 'silent' });
  const connections: NatsConnection[] = [];
  const lives: Promise<void>[] = [];
  for (let index = 0; index < workers; index++) {
    if (index % workersOfConnection === 0) {
      connections.push(await connectNats({ url, name: `simulated-${index}`, logger }));
    }
    const connection = connections.at(-1);
    if (connection === undefined) throw new Error('There is no connection.');
    lives.push(live(`simulated-${index}`, connection, { milliseconds, signal }));
  }
  await Promise.all(lives);
  await Promise.all(connections.map((connection) => connection.close()));
}

async function live(
  worker: string,
  connection: NatsConnection,
  { milliseconds, signal }: Pick<SimulationOptions, 'milliseconds' | 'signal'>,
): Promise<void> {
  const report = (): Promise<unknown> =>
    ask(connection, workerSubject(worker), encodeReport(reportOf(worker)), reportInterval);
  // Spread over the interval, as pods that start one after the other are.
  const timer = setInterval(() => void report(), reportInterval);
  try {
    await report();
    const onExtra = (delivery: Delivery): void => {
      delivery.retry();
    };
    await using deliveries = await Deliveries.open({ connection, queues, onExtra }, signal);
    while (!signal.aborted) {
      // As the real loop does: a broker that does not answer in time is asked again.
      const delivery = await deliveries.next(30_000, signal).catch(() => undefined);
      if (delivery === undefined) continue;
      const task = decodeTask(delivery.data);
      if (milliseconds > 0) await sleep(milliseconds);
      await publishResult(connection, { ...syntheticResult(task), worker });
      await delivery.done();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(timer);
  }
}

function reportOf(worker: string): WorkerReport {
  return { ...synthetic, worker };
}
