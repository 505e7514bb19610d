import type { Report } from '@unpair/campaign';
import { remarks, reportTables, tablesLegend } from '@unpair/campaign';
import { explanationCharts } from './charts/explanation.js';
import { forests } from './charts/forest.js';
import { heatMaps } from './charts/heat-map.js';
import { queryCdfs } from './charts/query-cdf.js';
import { tradeOffs } from './charts/trade-off.js';
import { trainingCurves } from './charts/training.js';
import { Html, html, NOTHING } from './html.js';
import { citeHtml } from './sections/cite.js';
import { defenceHtml } from './sections/defence.js';
import type { Section } from './sections/section.js';
import { chartsHtml, isEmpty, sectionHtml } from './sections/section.js';
import { setupHtml } from './sections/setup.js';
import { cdfTable, tradeOffTable, trainingTable } from './sections/tables.js';
import { verdictHtml } from './sections/verdict.js';
import { STYLE } from './style.js';
import { tableHtml } from './table.js';

/**
 * A report as one HTML file that needs nothing else: no script, no network. What the report lacks leaves no trace. The same
 * report gives the same bytes.
 */
export function renderPage(report: Report): string {
  const sections = sectionsOf(report).filter(({ body }) => !isEmpty(body));
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>${report.name} – Unpair</title>
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <p class="over">Unpair: what a published model gives away</p>
          <h1>${report.name}</h1>
        </header>
        <main>
          ${verdictHtml(report)}
          <nav aria-label="Sections">
            <ul>
              ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
            </ul>
          </nav>
          ${sections.map(sectionHtml)}
        </main>
      </body>
    </html>`;
  return `${page.text}\n`;
}

function sectionsOf(report: Report): readonly Section[] {
  const tables = reportTables(report);
  const asks = report.attacks.length > 0 ? html`<p class="soft">${tablesLegend(report)}</p> ` : NOTHING;
  return [
    {
      id: 'models',
      title: 'Models',
      body: [remarks(report).map((sentence) => html`<p>${sentence}</p> `), tableHtml(tables.models)],
    },
    {
      id: 'transfer',
      title: 'Transfer',
      body: [chartsHtml(heatMaps(report.attacks)), tableHtml(tables.transfer)],
    },
    {
      id: 'queries',
      title: 'Queries',
      body: [chartsHtml(queryCdfs(report.attacks)), tableHtml(tables.queries), tableHtml(cdfTable(report))],
    },
    {
      id: 'amplification',
      title: 'Amplification',
      body: [chartsHtml(forests(report.amplification)), tableHtml(tables.amplification)],
    },
    {
      id: 'accuracy',
      title: 'Accuracy against exposure',
      body: [chartsHtml(tradeOffs(report)), tableHtml(tradeOffTable(report))],
    },
    { id: 'defence', title: 'Cures', body: defenceHtml(report, tables.defence) },
    {
      id: 'similarity',
      title: 'Similarity',
      body: [
        chartsHtml(explanationCharts(report)),
        tableHtml(tables.similarity),
        tableHtml(tables.explanation),
      ],
    },
    {
      id: 'training',
      title: 'Training',
      body: [chartsHtml(trainingCurves(report.models)), tableHtml(trainingTable(report.models))],
    },
    { id: 'reading', title: 'How to read the tables', body: asks },
    { id: 'setup', title: 'Setup', body: setupHtml(report) },
    { id: 'cite', title: 'How to cite', body: citeHtml(report) },
  ];
}
