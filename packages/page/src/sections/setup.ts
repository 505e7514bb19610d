import type { AttackReport, Column, ModelReport, Report } from '@unpair/campaign';
import { canonicalJson, count, tableOf, threat } from '@unpair/campaign';
import { groupBy } from '../charts/group.js';
import type { Content } from '../html.js';
import { html, NOTHING } from '../html.js';
import { tableHtml } from '../table.js';

/** A campaign file of so many lines is open. */
const OPEN_LINES = 60;

/** Everything that a repetition needs, and by what it is known. */
export function setupHtml(report: Report): Content {
  const tables = [
    tableOf('Files of the models', report.models, FILES),
    tableOf('Parameters of the attacks', settingsOf(report.attacks), PARAMETERS),
    tableOf('Workers', report.provenance.workers, WORKERS),
  ];
  return [
    html`<dl>
      ${factsOf(report).map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl> `,
    html`<div class="wrap">${tables.map(tableHtml)}</div> `,
    fileHtml(report.provenance.file ?? ''),
    html`<h3>How queries were counted</h3>
      <p>${report.accounting}</p> `,
  ];
}

/** The campaign file, which has every parameter of models and data. */
function fileHtml(file: string): Content {
  if (file === '') return NOTHING;
  const open = file.split('\n').length <= OPEN_LINES ? html`open` : NOTHING;
  return html`<details ${open}>
    <summary>Campaign file</summary>
    <pre tabindex="0">${file}</pre>
  </details> `;
}

function factsOf({ integrity, provenance }: Report): readonly (readonly [string, Content])[] {
  const { tasks, results, failed, deadLetters, cancelled, wastedQueries, resultsDigest } = integrity;
  const { seed, versions, runtime, started, finished } = provenance;
  return [
    ['results', html`<code>${resultsDigest}</code>`],
    [
      'tasks',
      `${count(results)} of ${count(tasks)} have results; ${count(failed)} failed, ${count(deadLetters)} dead letters, ${count(cancelled)} cancelled`,
    ],
    ['queries of lost attempts', count(wastedQueries)],
    ['seed', seed],
    [
      'versions',
      Object.entries(versions).map(([name, version], at) => `${at > 0 ? ', ' : ''}${name} ${version}`),
    ],
    ['computed on', runtime.join(', ')],
    ['started', started ?? 'not yet'],
    ['finished', finished ?? 'not yet'],
  ];
}

const FILES: readonly Column<ModelReport>[] = [
  { title: 'model', align: 'left', text: ({ id }) => id },
  { title: 'made by', align: 'left', text: ({ kind, of }) => (of === null ? kind : `${kind} of ${of}`) },
  { title: 'SHA-256', align: 'left', text: ({ digest }) => digest ?? '' },
  { title: 'from file', align: 'left', text: ({ source }) => source?.file ?? '' },
  { title: 'format', align: 'left', text: ({ source }) => source?.format ?? '' },
  { title: 'SHA-256 of that', align: 'left', text: ({ source }) => source?.digest ?? '' },
  { title: 'options', align: 'left', text: ({ source }) => optionsText(source?.options ?? {}) },
];

const PARAMETERS: readonly Column<AttackReport>[] = [
  { title: 'attack', align: 'left', text: ({ attack }) => attack },
  { title: 'ε', align: 'left', text: ({ norm, epsilon }) => threat(norm, epsilon) },
  { title: 'parameters', align: 'left', text: ({ parameters }) => optionsText(parameters) },
  { title: 'class to reach', align: 'left', text: ({ goal }) => (goal === null ? '' : String(goal.reach)) },
  { title: 'tries a defence', align: 'left', text: ({ adaptive }) => (adaptive ? 'yes' : '') },
];

const WORKERS: readonly Column<Report['provenance']['workers'][number]>[] = [
  { title: 'worker', align: 'left', text: ({ worker }) => worker },
  { title: 'runtime', align: 'left', text: ({ runtime }) => runtime },
  { title: 'results', align: 'right', text: ({ results }) => count(results) },
];

/** One cell for each setting of an attack. */
function settingsOf(attacks: readonly AttackReport[]): readonly AttackReport[] {
  const settings = groupBy(attacks, ({ attack, parameters, norm, epsilon, goal, adaptive }) =>
    canonicalJson([attack, { ...parameters }, norm, epsilon, goal?.reach ?? null, adaptive]),
  );
  return settings.flatMap((group) => group.slice(0, 1));
}

/** `budget 1500, sigma 0.0001` */
function optionsText(options: object): string {
  return Object.entries(options)
    .map(([name, value]) => `${name} ${valueText(value)}`)
    .join(', ');
}

function valueText(value: unknown): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  return typeof value === 'string' ? value : JSON.stringify(value);
}
