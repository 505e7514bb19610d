import { UnpairError } from '@unpair/errors';
import { CampaignRecord } from './gen/unpair/v1/record.js';
import { Task, TaskResult, WastedAttempt } from './gen/unpair/v1/task.js';
import { Training } from './gen/unpair/v1/training.js';
import { WorkerOrders, WorkerReport } from './gen/unpair/v1/worker.js';

interface MessageFns<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

function decode<T>(kind: string, codec: MessageFns<T>, bytes: Uint8Array): T {
  try {
    return codec.decode(bytes);
  } catch (cause) {
    throw new UnpairError('DATA_LOSS', `A message of ${bytes.length} bytes is not a valid ${kind}.`, {
      cause,
    });
  }
}

/** Bytes of a task, for its subject on the tasks stream. */
export function encodeTask(task: Task): Uint8Array {
  return Task.encode(task).finish();
}

/** @throws {UnpairError} DATA_LOSS */
export function decodeTask(bytes: Uint8Array): Task {
  return decode('task', Task, bytes);
}

/** Bytes of a result, for its subject on the results stream. */
export function encodeResult(result: TaskResult): Uint8Array {
  return TaskResult.encode(result).finish();
}

/** @throws {UnpairError} DATA_LOSS */
export function decodeResult(bytes: Uint8Array): TaskResult {
  return decode('task result', TaskResult, bytes);
}

/** Bytes of a wasted attempt, for its campaign's subject on the results stream. */
export function encodeWasted(attempt: WastedAttempt): Uint8Array {
  return WastedAttempt.encode(attempt).finish();
}

/** @throws {UnpairError} DATA_LOSS */
export function decodeWasted(bytes: Uint8Array): WastedAttempt {
  return decode('wasted attempt', WastedAttempt, bytes);
}

/** Bytes of how a training goes, for its task's subject. */
export function encodeTraining(training: Training): Uint8Array {
  return Training.encode(training).finish();
}

/** @throws {UnpairError} DATA_LOSS */
export function decodeTraining(bytes: Uint8Array): Training {
  return decode('training message', Training, bytes);
}

/** Bytes of a campaign's record, for its key in the campaigns bucket. */
export function encodeRecord(record: CampaignRecord): Uint8Array {
  return CampaignRecord.encode(record).finish();
}

/** @throws {UnpairError} DATA_LOSS */
export function decodeRecord(bytes: Uint8Array): CampaignRecord {
  return decode('campaign record', CampaignRecord, bytes);
}

/** Bytes of what a worker tells of itself. */
export function encodeReport(report: WorkerReport): Uint8Array {
  return WorkerReport.encode(report).finish();
}

/** @throws {UnpairError} DATA_LOSS */
export function decodeReport(bytes: Uint8Array): WorkerReport {
  return decode('worker report', WorkerReport, bytes);
}

/** Bytes of the answer to a worker's report. */
export function encodeOrders(orders: WorkerOrders): Uint8Array {
  return WorkerOrders.encode(orders).finish();
}

/** @throws {UnpairError} DATA_LOSS */
export function decodeOrders(bytes: Uint8Array): WorkerOrders {
  return decode('answer to a worker', WorkerOrders, bytes);
}
