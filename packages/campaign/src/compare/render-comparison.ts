import type { Estimate } from '@unpair/numerics';
import type { AttackReport, ModelReport } from '../report/report.js';
import { count, share, threat } from '../report/terminal/format.js';
import type { Column, TerminalStyle } from '../report/terminal/table.js';
import { tableLines, tableOf } from '../report/terminal/table.js';
import { wrap } from '../report/terminal/wrap.js';
import type { Compared, Comparison } from './compare-reports.js';
import { areMediansApart, isDistinct } from './compare-reports.js';

/** A comparison for a terminal: what differs first, then every figure that both have. */
export function renderComparison(comparison: Comparison, style: TerminalStyle): string {
  const { setup, models, attacks, alone } = comparison;
  return [
    ...headline(comparison).flatMap((sentence) => wrap(sentence, style.width)),
    '',
    ...listed('Differences in the setup', setup, style),
    ...tableLines(tableOf('Models', models, MODELS), style),
    ...tableLines(tableOf('Attacks', attacks, ATTACKS), style),
    ...listed(
      'Only in the first',
      alone[0].map(({ cell }) => cell),
      style,
    ),
    ...listed(
      'Only in the second',
      alone[1].map(({ cell }) => cell),
      style,
    ),
  ]
    .join('\n')
    .trimEnd();
}

function headline({ setup, attacks, models }: Comparison): readonly string[] {
  if (attacks.length === 0 && models.length === 0)
    return ['The two reports have no model and no attack in common.'];
  const rates = attacks.filter(({ difference }) => difference !== null);
  const apart = rates.filter(isDistinct).length;
  const medians = attacks.map(areMediansApart).filter((isApart) => isApart !== null);
  return [
    ...(setup.length === 0 ? ['Both were set up alike.'] : []),
    `${apart} of ${rates.length} success rates differ beyond the 95 % interval of their difference; of rates that are alike one in twenty does.`,
    ...(medians.length === 0
      ? []
      : [
          `${medians.filter(Boolean).length} of ${medians.length} median queries have intervals that do not meet.`,
        ]),
  ];
}

function listed(title: string, items: readonly string[], { width }: TerminalStyle): readonly string[] {
  if (items.length === 0) return [];
  return [title, ...items.flatMap((item) => wrap(item, width - 2).map((line) => `  ${line}`)), ''];
}

/** A figure in both reports; nothing where neither has it. */
function pair(first: number | null, second: number | null, text: (value: number | null) => string): string {
  return first === null && second === null ? '' : `${text(first)} → ${text(second)}`;
}

/** `+3.2 points [-1.0, 7.3]`, with a star where the interval does not hold 0. */
function points(compared: Pick<Compared<unknown>, 'difference'>): string {
  const { difference } = compared;
  if (difference === null) return '';
  const text = (rate: number): string => (100 * rate).toFixed(1);
  const { value, low, high }: Estimate = difference;
  return `${value < 0 ? '' : '+'}${text(value)} [${text(low)}, ${text(high)}]${isDistinct(compared) ? ' *' : ''}`;
}

const MODELS: readonly Column<Compared<ModelReport>>[] = [
  { title: 'model', align: 'left', text: ({ first }) => first.id, names: true },
  {
    title: 'accuracy',
    align: 'right',
    text: ({ first, second }) => pair(first.accuracy?.value ?? null, second.accuracy?.value ?? null, share),
  },
  { title: 'points', align: 'right', text: points },
];

const ATTACKS: readonly Column<Compared<AttackReport>>[] = [
  { title: 'attack', align: 'left', text: ({ first }) => first.attack },
  { title: 'target', align: 'left', text: ({ first }) => first.target, optional: true, names: true },
  { title: 'surrogate', align: 'left', text: ({ first }) => first.surrogate ?? '', names: true },
  { title: 'ε', align: 'left', text: ({ first }) => threat(first.norm, first.epsilon) },
  {
    title: 'success',
    align: 'right',
    text: ({ first, second }) => pair(first.success?.value ?? null, second.success?.value ?? null, share),
  },
  { title: 'points', align: 'right', text: points },
  {
    title: 'median',
    align: 'right',
    text: (compared) => {
      const [was, is] = [
        compared.first.queries?.medianAll ?? null,
        compared.second.queries?.medianAll ?? null,
      ];
      return `${pair(was, is, (median) => count(median))}${areMediansApart(compared) === true ? ' *' : ''}`;
    },
  },
];
