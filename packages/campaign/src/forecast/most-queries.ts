import type { Campaign } from '../campaign.js';
import { isSibling } from '../campaign.js';
import type { PlannedTask } from '../plan.js';

/**
 * The queries to targets that one attempt at a task may take, by the rule of reports (query 0 and the check of rounded
 * examples are apart); 0 for what asks no target as attackers do.
 */
export function mostQueries(task: PlannedTask, { models }: Pick<Campaign, 'models'>): number {
  if (task.kind === 'attack') return task.samples.count * Math.max(1, task.cell.budget);
  if (task.kind === 'prepare') return task.cell.preparation?.queries ?? 0;
  if (task.kind !== 'derive') return 0;
  const entry = models.get(task.model);
  const budget = entry !== undefined && isSibling(entry) ? entry.budget : undefined;
  return budget === undefined ? 0 : Math.min(Number(task.parameters[budget]), task.trainingSamples);
}
