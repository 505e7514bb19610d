export { createWorkerMetrics, registerComputeGauges } from './agent/metrics.js';
export type { DeliveryOutcome, WorkerMetrics } from './agent/metrics.js';
