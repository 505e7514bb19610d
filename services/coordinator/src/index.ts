export { campaignService, type CampaignServiceOptions } from './api/campaign-service.js';
export { readConfiguration, type Configuration } from './configuration.js';
export { Coordinator, type CoordinatorOptions } from './coordinator.js';
export { CoordinatorMetrics, type CoordinatorMetricsOptions } from './metrics/coordinator-metrics.js';
export { startService, type RunningService, type ServiceOptions } from './service.js';
export { Figures } from './metrics/figures.js';
export { Vigil, type VigilOptions } from './metrics/vigil.js';
export { registerLeading } from './service.js';
