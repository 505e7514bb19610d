import { CoordinatorMetrics, Figures, registerLeading, Vigil } from '@unpair/coordinator';
import {
  ConnectionMetrics,
  createGrpcMetrics,
  createLogger,
  createRegistry,
  systemClock,
} from '@unpair/platform';
import { createWorkerMetrics, registerComputeGauges } from '@unpair/worker';
import type { Registry } from 'prom-client';

/** Registries as those of a coordinator that leads and of a worker, with nothing behind them. */
export function emptyRegistries(): Readonly<Record<'coordinator' | 'worker', Registry>> {
  const [coordinator, worker] = [createRegistry(), createRegistry()];
  for (const registry of [coordinator, worker]) {
    new ConnectionMetrics(registry);
    createGrpcMetrics(registry);
  }
  createWorkerMetrics(worker);
  registerComputeGauges(worker, { pid: undefined, models: [] });
  registerLeading(coordinator, () => false);
  const workers = { all: () => [] };
  const runs = (): [] => [];
  const away = (): Promise<never> => Promise.reject(new Error('no broker'));
  const vigil = new Vigil({ runs, workers, seconds: () => 0 });
  const options = { registry: coordinator, runs, workers, vigil, clock: systemClock };
  const logger = createLogger({ service: 'test', level: 'silent' });
  new Figures({ registry: coordinator, runs, report: away, clock: systemClock, logger });
  new CoordinatorMetrics({ ...options, depths: away, storage: away });
  return { coordinator, worker };
}

/** The name of every series that a service exports, those of histograms included. */
export function seriesNames(): ReadonlySet<string> {
  const names = Object.values(emptyRegistries()).flatMap((registry) =>
    registry.getMetricsAsArray().map(({ name }) => name),
  );
  return new Set(names.flatMap((name) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]));
}
