export { createWorkerMetrics } from './agent/metrics.js';
export type { DeliveryOutcome, WasteReason, WorkerMetrics } from './agent/metrics.js';
