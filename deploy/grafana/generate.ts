import { writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { dashboardJson } from './dashboard.js';

/** Where the dashboard is committed, for Grafana to be provisioned from. */
export const dashboardFile = fileURLToPath(new URL('unpair.json', import.meta.url));

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(dashboardFile, dashboardJson());
}
