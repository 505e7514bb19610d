import type { DeviceReport } from '@unpair/runtime';
import { availableParallelism, totalmem } from 'node:os';

/** Samples that tasks offer a model at a time unless told: enough to fill the device, so that tuning finds its best within. */
export function defaultBatchSize(device: string): number {
  return device === 'cpu' ? 64 : 512;
}

/**
 * Bytes that one model's run may take: half of what is free on a GPU. On a CPU a quarter of the limit that is set for this
 * process's container; without one, half of what is free, shared by as many workers as there are cores.
 */
export function memoryForRuns({ device, memory }: Pick<DeviceReport, 'device' | 'memory'>): number {
  if (device !== 'cpu' && memory !== undefined) return memory / 2;
  const limit = process.constrainedMemory();
  if (limit > 0 && limit < totalmem()) return limit / 4;
  return process.availableMemory() / (2 * availableParallelism());
}
