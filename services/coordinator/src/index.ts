export { campaignService, type CampaignServiceOptions } from './api/campaign-service.js';
export { readConfiguration, type Configuration } from './configuration.js';
export { Coordinator, type CoordinatorOptions } from './coordinator.js';
export { CoordinatorMetrics, type CoordinatorMetricsOptions } from './metrics.js';
export { startService, type RunningService, type ServiceOptions } from './service.js';
