import type {
  AmplificationReport,
  AttackReport,
  ExplanationReport,
  MeasureExplanation,
  ModelReport,
  Report,
  SimilarityReport,
} from '../report.js';
import { count, decimal, NONE, percent, ratio, size, threat } from './format.js';
import { choiceSentences } from './choices.js';
import { defenceLines, defenceTables } from './render-defence.js';
import { sweptLabels } from './swept.js';
import type { Column, TableText, TerminalStyle } from './table.js';
import { dim, tableLines, tableOf } from './table.js';
import { wrap } from './wrap.js';
import { mixtureSentences } from '../verdict/cautions.js';

/** The tables of a report, by what they are about; those without rows are empty. */
export interface ReportTables {
  readonly models: TableText;
  readonly similarity: TableText;
  readonly transfer: TableText;
  readonly queries: TableText;
  readonly amplification: TableText;
  readonly explanation: TableText;
  readonly defence: readonly TableText[];
}

/** What terminal and page show as tables. */
export function reportTables(report: Report): ReportTables {
  // What tries a defence has a table of its own.
  const asked = report.attacks.filter(({ adaptive }) => !adaptive);
  const transfer = asked.filter(({ queries }) => queries === null);
  const queried = asked.filter(({ queries }) => queries !== null);
  const { models, similarity, amplification, explanation } = report;
  return {
    models: tableOf('Models', models, MODELS),
    similarity: tableOf('Similarity to the target', similarity, SIMILARITY),
    transfer: tableOf('Transfer', transfer, [...attackColumns(asked), ...TRANSFER]),
    queries: tableOf('Queries to the target', queried, [...attackColumns(asked), ...QUERIES]),
    amplification: tableOf('Amplification', amplification, amplificationColumns(report)),
    explanation: tableOf('What goes with success', strongest(explanation), explanationColumns(report)),
    defence: defenceTables(report.defence),
  };
}

/** The report as tables for a terminal, at best 100 columns wide or more; narrower ones lose optional columns. */
export function renderReport(report: Report, options: Partial<TerminalStyle> = {}): string {
  const style = { width: 100, color: false, ...options };
  const { models, similarity, transfer, queries, amplification, explanation, defence } = reportTables(report);
  const lines = [
    ...tableLines(models, style),
    ...paragraphs(remarks(report), style),
    ...[similarity, transfer, queries, amplification, explanation, ...defence].flatMap((table) =>
      tableLines(table, style),
    ),
    ...defenceLines(report, style),
    ...footer(report, style),
  ];
  return `${lines.join('\n')}\n`;
}

/** A sentence for each model that could not be made or compared, and for all of which what follows says nothing. */
export function remarks({ models, attacks, warnings, leftOut }: Report): readonly string[] {
  const ofModels = models.flatMap(({ id, failure, nearChance }) => [
    ...(failure === null ? [] : [`${id} was not made: ${failure}`]),
    ...(nearChance === null ? [] : [`${id} ${nearChance}.`]),
  ]);
  return [...ofModels, ...attacks.flatMap(choiceSentences), ...leftOut, ...warnings];
}

function paragraphs(sentences: readonly string[], { width }: TerminalStyle): readonly string[] {
  const lines = sentences.flatMap((sentence) => wrap(sentence, width));
  return lines.length === 0 ? [] : [...lines, ''];
}

const MODELS: readonly Column<ModelReport>[] = [
  { title: 'model', align: 'left', names: true, text: ({ id }) => id },
  {
    title: 'made by',
    align: 'left',
    names: true,
    text: ({ kind, of }) => (of === null ? kind : `${kind} of ${of}`),
  },
  { title: 'weights', align: 'right', text: ({ parameters }) => count(parameters) },
  {
    title: 'not zero',
    align: 'right',
    text: ({ parameters, nonZero }) => (nonZero === parameters ? '' : count(nonZero)),
    optional: true,
  },
  { title: 'MACs', align: 'right', text: ({ macs }) => count(macs), optional: true },
  { title: 'size', align: 'right', text: ({ bytes }) => size(bytes) },
  { title: 'accuracy', align: 'right', text: ({ accuracy }) => percent(accuracy) },
  {
    title: 'as its model',
    align: 'right',
    text: ({ agreement }) => (agreement === null ? '' : percent(agreement)),
    optional: true,
  },
  { title: 'n', align: 'right', text: ({ accuracy }) => count(accuracy?.samples ?? null) },
];

const SIMILARITY: readonly Column<SimilarityReport>[] = [
  { title: 'surrogate', align: 'left', names: true, text: ({ surrogate }) => surrogate },
  { title: 'target', align: 'left', names: true, text: ({ target }) => target },
  {
    title: 'gradient cosine',
    align: 'right',
    text: ({ gradientCosine }) => decimal(gradientCosine.mean, gradientCosine),
  },
  { title: '|cosine|', align: 'right', text: ({ gradientCosine }) => decimal(gradientCosine.meanAbsolute) },
  { title: 'norm ratio', align: 'right', text: (row) => decimal(row.gradientNormRatio) },
  {
    title: 'cosine, adversarial',
    align: 'right',
    text: ({ adversarial }) => decimal(adversarial?.gradientCosine.mean ?? null),
    optional: true,
  },
  {
    title: 'directions',
    align: 'right',
    text: ({ gradientStructure }) => decimal(gradientStructure?.hogCosine.value ?? null),
    optional: true,
  },
  {
    title: 'edges',
    align: 'right',
    text: ({ gradientStructure }) => decimal(gradientStructure?.edgeIou.value ?? null),
    optional: true,
  },
  {
    title: 'logits',
    align: 'right',
    text: ({ logitCorrelation }) => decimal(logitCorrelation.value),
    optional: true,
  },
  {
    title: 'CKA',
    align: 'right',
    text: ({ linearCka }) => decimal(linearCka?.value ?? null),
    optional: true,
  },
  {
    title: 'same prediction',
    align: 'right',
    text: ({ agreement, agreementInterval }) => percent({ value: agreement, ...agreementInterval }),
  },
  { title: 'n', align: 'right', text: ({ samples }) => count(samples), optional: true },
];

function attackColumns(attacks: readonly AttackReport[]): readonly Column<AttackReport>[] {
  const several = new Set(attacks.map(({ target }) => target)).size > 1;
  return [
    { title: 'attack', align: 'left', text: ({ attack }) => attack },
    { title: '', align: 'left', text: sweptLabels(attacks) },
    { title: 'ε', align: 'right', text: ({ norm, epsilon }) => threat(norm, epsilon) },
    { title: 'class to reach', align: 'left', text: ({ goal }) => (goal === null ? '' : String(goal.reach)) },
    { title: 'surrogate', align: 'left', names: true, text: ({ surrogate }) => surrogate ?? NONE },
    { title: 'target', align: 'left', names: true, text: ({ target }) => (several ? target : '') },
    { title: 'success', align: 'right', text: ({ success }) => percent(success) },
  ];
}

const TRANSFER: readonly Column<AttackReport>[] = [
  { title: 'where both are right', align: 'right', text: ({ successBoth }) => percent(successBoth) },
  {
    title: '8-bit',
    align: 'right',
    text: ({ successRounded }) =>
      successRounded === null ? NONE : `${(successRounded.value * 100).toFixed(1)} %`,
    optional: true,
  },
  { title: 'n', align: 'right', text: ({ samples }) => count(samples) },
];

const QUERIES: readonly Column<AttackReport>[] = [
  {
    title: 'median',
    align: 'right',
    text: ({ queries }) => count(queries?.median ?? null, queries?.medianInterval),
  },
  {
    title: 'median of all',
    align: 'right',
    text: ({ queries }) => count(queries?.medianAll ?? null, queries?.medianAllInterval),
  },
  { title: 'mean', align: 'right', text: ({ queries }) => count(queries?.mean ?? null) },
  { title: 'p90', align: 'right', text: ({ queries }) => count(queries?.p90 ?? null), optional: true },
  { title: 'budget', align: 'right', text: ({ queries }) => count(queries?.budget ?? null), optional: true },
  { title: 'n', align: 'right', text: ({ samples }) => count(samples), optional: true },
];

function amplificationColumns({ amplification }: Report): readonly Column<AmplificationReport>[] {
  const several = new Set(amplification.map(({ target }) => target)).size > 1;
  return [
    { title: 'attack', align: 'left', text: ({ attack }) => attack },
    { title: '', align: 'left', text: sweptLabels(amplification) },
    { title: 'ε', align: 'right', text: ({ norm, epsilon }) => threat(norm, epsilon) },
    { title: 'surrogate', align: 'left', names: true, text: ({ surrogate }) => surrogate },
    { title: 'target', align: 'left', names: true, text: ({ target }) => (several ? target : '') },
    {
      title: 'compared with',
      align: 'left',
      names: true,
      text: ({ baselineSurrogate, baselineAttack }) => baselineSurrogate ?? `${baselineAttack}, no prior`,
    },
    { title: 'fewer queries', align: 'right', text: ({ queryRatio }) => ratio(queryRatio) },
    { title: 'more successes', align: 'right', text: ({ successRatio }) => ratio(successRatio) },
    { title: 'n', align: 'right', text: ({ samples }) => count(samples), optional: true },
  ];
}

/** One measure of one explanation. */
interface ExplanationRow {
  readonly point: ExplanationReport;
  readonly measure: MeasureExplanation;
}

/** Measures shown of each attack. */
const STRONGEST = 3;

/** The measures whose ranks go best with each attack's outcomes. */
function strongest(explanation: Report['explanation']): readonly ExplanationRow[] {
  const strength = ({ measure }: ExplanationRow): number => Math.abs(measure.spearman?.rho ?? 0);
  return explanation.flatMap((point) =>
    (point.measures ?? [])
      .filter(({ spearman }) => spearman !== null)
      .map((measure) => ({ point, measure }))
      .sort((a, b) => strength(b) - strength(a))
      .slice(0, STRONGEST),
  );
}

function explanationColumns({ explanation }: Report): readonly Column<ExplanationRow>[] {
  const swept = sweptLabels(explanation);
  return [
    { title: 'attack', align: 'left', text: ({ point }) => point.attack },
    { title: '', align: 'left', text: ({ point }) => swept(point) },
    { title: 'ε', align: 'right', text: ({ point }) => threat(point.norm, point.epsilon) },
    { title: 'outcome', align: 'left', text: ({ point }) => point.outcome },
    { title: 'measure', align: 'left', text: ({ measure }) => measure.measure },
    {
      title: 'Spearman’s ρ',
      align: 'right',
      text: ({ measure: { spearman } }) => decimal(spearman?.rho ?? null, spearman),
    },
    { title: 'p', align: 'right', text: ({ measure }) => decimal(measure.spearman?.pValue ?? null) },
    { title: 'R²', align: 'right', text: ({ measure }) => decimal(measure.rSquared), optional: true },
    { title: 'pairs', align: 'right', text: ({ measure }) => count(measure.pairs) },
  ];
}

const LEGEND =
  'Intervals are 95 %. Success is over the n samples that the target classifies correctly; median, mean and p90 are ' +
  'over successes; "median of all" and "fewer queries" set failures to the budget, ≥ or ≤ where one of the medians is it.';

const LEGEND_OF_GOALS =
  ' Success is to reach the class; samples that have it for a label are left out, and not in n.';

/** How to read the tables. */
export function tablesLegend({ attacks }: Report): string {
  return attacks.some(({ goal }) => goal !== null) ? LEGEND + LEGEND_OF_GOALS : LEGEND;
}

function footer(report: Report, style: TerminalStyle): readonly string[] {
  return [
    ...wrap(tablesLegend(report), style.width).map((line) => dim(line, style)),
    '',
    ...outcomeLines(report),
    ...mixtureSentences(report.provenance).flatMap((text) => wrap(text, style.width)),
  ];
}

/** How the tasks ended, and the digest by which a repetition is known. */
export function outcomeLines({ integrity, provenance }: Report): readonly string[] {
  const { tasks, results, failed, deadLetters, cancelled, resultsDigest } = integrity;
  return [
    `${count(results)} of ${count(tasks)} tasks, ${failed > 0 ? `${count(failed)} failed, ` : ''}${count(deadLetters)} dead letters, ${count(cancelled)} cancelled; seed ${provenance.seed}`,
    `results ${resultsDigest}`,
  ];
}
