import { writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { dashboardJson, dashboards } from './dashboard.js';

/** Where a dashboard is committed, for Grafana to be provisioned from. */
export function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [name, dashboard] of dashboards) writeFileSync(fileOf(name), dashboardJson(dashboard));
}
