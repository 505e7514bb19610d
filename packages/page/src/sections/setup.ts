import type { AttackReport, ModelReport, Report, TableText } from '@unpair/campaign';
import { canonicalJson, count, threat } from '@unpair/campaign';
import { groupBy } from '../charts/group.js';
import type { Content } from '../html.js';
import { html } from '../html.js';
import { tableHtml } from '../table.js';

/** Everything that a repetition needs, and by what it is known. */
export function setupHtml(report: Report): Content {
  return [
    html`<dl>
      ${factsOf(report).map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl> `,
    html`<div class="wrap">
      ${[filesTable(report.models), parametersTable(report.attacks), workersTable(report)].map(tableHtml)}
    </div> `,
    html`<h3>How queries were counted</h3>
      <p>${report.accounting}</p> `,
  ];
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

function filesTable(models: readonly ModelReport[]): TableText {
  return {
    title: 'Files of the models',
    columns: ['model', 'made by', 'SHA-256', 'from file', 'SHA-256 of that', 'options'].map(left),
    rows: models.map(({ id, kind, of, digest, source }) => [
      id,
      of === null ? kind : `${kind} of ${of}`,
      digest ?? '',
      source === null ? '' : `${source.file}${source.format === null ? '' : ` (${source.format})`}`,
      source?.digest ?? '',
      source === null ? '' : optionsText(source.options),
    ]),
  };
}

function parametersTable(attacks: readonly AttackReport[]): TableText {
  const settings = groupBy(attacks, ({ attack, parameters, norm, epsilon, goal }) =>
    canonicalJson([attack, { ...parameters }, norm, epsilon, goal === null ? null : goal.reach]),
  );
  return {
    title: 'Parameters of the attacks',
    columns: ['attack', 'ε', 'parameters', 'class to reach', 'tries a defence'].map(left),
    rows: settings.flatMap(([first]) =>
      first === undefined
        ? []
        : [
            [
              first.attack,
              threat(first.norm, first.epsilon),
              optionsText(first.parameters),
              first.goal === null ? '' : String(first.goal.reach),
              first.adaptive ? 'yes' : '',
            ],
          ],
    ),
  };
}

function workersTable({ provenance: { workers } }: Report): TableText {
  return {
    title: 'Workers',
    columns: [left('worker'), left('runtime'), { title: 'results', align: 'right' }],
    rows: workers.map(({ worker, runtime, results }) => [worker, runtime, count(results)]),
  };
}

function left(title: string): TableText['columns'][number] {
  return { title, align: 'left' };
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
