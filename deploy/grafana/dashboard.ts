import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { buildPanel } from './panel.js';
import { sections } from './sections.js';

/** The dashboard for who watches campaigns, as the text that is committed. */
export function dashboardJson(): string {
  // The successor's schema is for Grafana 12 and newer; this one every Grafana imports.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const builder = new DashboardBuilder('Unpair')
    .uid('unpair')
    .description('Campaigns, the work queue and the workers.')
    .tags(['unpair', 'generated'])
    .refresh('10s')
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .readonly()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'));
  for (const { title, panels } of sections) {
    builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(buildPanel(panel));
  }
  return `${JSON.stringify(builder.build(), null, 2)}\n`;
}
