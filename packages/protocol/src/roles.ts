/** Who may do what: each role may also do what those before it may. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Whether a role may do what needs another at least. */
export function suffices(role: Role, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}

const campaigns = '/unpair.v1.CampaignService/';
const workers = '/unpair.v1.WorkerService/';
const inference = '/inference.GRPCInferenceService/';
const health = '/grpc.health.v1.Health/';

/** The least role that each call needs, of every service; a call that is not named here is refused. */
export const leastRoles: Readonly<Record<string, Role | 'anyone'>> = {
  [`${campaigns}GetCampaign`]: 'viewer',
  [`${campaigns}ListCampaigns`]: 'viewer',
  [`${campaigns}WatchCampaign`]: 'viewer',
  [`${campaigns}ListTasks`]: 'viewer',
  [`${campaigns}GetReport`]: 'viewer',
  [`${campaigns}StreamReport`]: 'viewer',
  [`${campaigns}ExportResults`]: 'viewer',
  [`${campaigns}CreateCampaign`]: 'operator',
  [`${campaigns}PauseCampaign`]: 'operator',
  [`${campaigns}ResumeCampaign`]: 'operator',
  [`${campaigns}CancelCampaign`]: 'operator',
  [`${campaigns}DropTasks`]: 'operator',
  [`${campaigns}UpdateCampaign`]: 'operator',
  [`${campaigns}DeleteCampaign`]: 'operator',
  [`${campaigns}FindMissingArtefacts`]: 'operator',
  [`${campaigns}UploadArtefact`]: 'operator',
  // Models that a campaign of one's own has made; the targets are for admins.
  [`${campaigns}DownloadArtefact`]: 'operator',
  // Workers and the cluster are shared: what is told of them is of every tenant.
  [`${campaigns}ListWorkers`]: 'admin',
  [`${campaigns}Diagnose`]: 'admin',
  [`${workers}Describe`]: 'admin',
  [`${workers}Drain`]: 'admin',
  // Queries that are made here are counted by nobody.
  [`${inference}ModelInfer`]: 'admin',
  [`${inference}ModelMetadata`]: 'admin',
  [`${inference}ModelReady`]: 'admin',
  [`${inference}ServerMetadata`]: 'viewer',
  [`${inference}ServerLive`]: 'anyone',
  [`${inference}ServerReady`]: 'anyone',
  [`${health}Check`]: 'anyone',
  [`${health}List`]: 'anyone',
  [`${health}Watch`]: 'anyone',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo': 'viewer',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': 'viewer',
};
