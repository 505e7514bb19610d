import { collectDefaultMetrics, Registry } from 'prom-client';

/** Of prom-client's defaults, gauges whose names end in `_total`: promtool refuses them. */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** A registry with the process's own metrics. Each service makes one and hands it down; there is no global one. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  return registry;
}
