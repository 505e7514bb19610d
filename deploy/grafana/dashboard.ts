import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { campaign } from './campaign.js';
import { cluster } from './cluster.js';
import { buildPanel, datasource, type Dashboard } from './panel.js';
import { workers } from './workers.js';

/** Every dashboard, by the name of its committed file. */
export const dashboards: ReadonlyMap<string, Dashboard> = new Map([
  ['cluster.json', cluster],
  ['campaign.json', campaign],
  ['workers.json', workers],
]);

/** A dashboard as the text that is committed. */
export function dashboardJson({ uid, title, description, variables, sections }: Dashboard): string {
  // The successor's schema is for Grafana 12 and newer; this one every Grafana imports.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['unpair', 'generated'])
    .refresh('10s')
    .time({ from: 'now-1h', to: 'now' })
    .timezone('browser')
    .readonly()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'));
  for (const { name, label, of } of variables)
    builder.withVariable(
      new QueryVariableBuilder(name)
        .label(label)
        .datasource(datasource)
        .query(`label_values(${of}, ${name})`)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .multi(true)
        .includeAll(true)
        .allValue('.*'),
    );
  for (const section of sections) {
    builder.withRow(new RowBuilder(section.title));
    for (const panel of section.panels) builder.withPanel(buildPanel(panel));
  }
  return `${JSON.stringify(builder.build(), null, 2)}\n`;
}
