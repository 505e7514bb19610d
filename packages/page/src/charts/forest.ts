import * as Plot from '@observablehq/plot';
import type { AmplificationReport, Ratio } from '@unpair/campaign';
import { ratio, sweptLabels } from '@unpair/campaign';
import type { Figure } from './figure.js';
import { colour } from './figure.js';
import type { Drawing } from './group.js';
import { andMore, byThreat, threatText } from './group.js';
import { draw, WIDTH } from './plot.js';

const ROWS = 24;
const ROW_HEIGHT = 40;
/** Of a name above its interval. */
const CHARACTERS = 47;

/** A kind of ratio that amplification has. */
interface Kind {
  readonly of: (entry: AmplificationReport) => Ratio | null;
  readonly caption: string;
  readonly axis: string;
}

const KINDS: readonly Kind[] = [
  { of: ({ queryRatio }) => queryRatio, caption: 'Times fewer queries to', axis: 'times fewer queries' },
  {
    // Of searches, queries say more.
    of: ({ queryRatio, successRatio }) => (queryRatio === null ? successRatio : null),
    caption: 'Times more samples fooled of',
    axis: 'times more successes',
  },
];

interface Row {
  readonly at: number;
  readonly name: string;
  readonly text: string;
  readonly ratio: Ratio;
  readonly isStranger: boolean;
}

/** What each model adds over no prior and over strangers, with intervals: a forest plot for each target and epsilon. */
export function forests(amplification: readonly AmplificationReport[]): readonly Drawing[] {
  return KINDS.flatMap((kind) =>
    byThreat(amplification.filter((entry) => kind.of(entry) !== null)).map(
      (group) => () => forest(kind, group),
    ),
  );
}

function forest(kind: Kind, group: readonly AmplificationReport[]): Figure {
  const swept = sweptLabels(group);
  const rows = group.slice(0, ROWS).map((entry, at) => rowOf(entry, kind, swept(entry), at));
  const [first] = group;
  const of = first === undefined ? '' : threatText(first);
  const caption = `${kind.caption} ${of} than with what it is compared with; lines are 95 % intervals${andMore(group.length, ROWS)}`;
  return { caption, svg: drawn(caption, kind.axis, rows) };
}

function rowOf(entry: AmplificationReport, kind: Kind, swept: string, at: number): Row {
  const { surrogate, attack, baseline, baselineSurrogate, baselineAttack } = entry;
  const against = baseline === 'none' ? `${baselineAttack}, no prior` : (baselineSurrogate ?? 'a stranger');
  const value = kind.of(entry) ?? { value: 1, low: 1, high: 1 };
  const name = `${surrogate} by ${attack}${swept === '' ? '' : ` ${swept}`}, against ${against}`;
  return { at, name: shortened(name), text: ratio(value), ratio: value, isStranger: baseline === 'stranger' };
}

function shortened(name: string): string {
  return name.length <= CHARACTERS ? name : `${name.slice(0, CHARACTERS - 1)}…`;
}

function drawn(label: string, axis: string, rows: readonly Row[]): Figure['svg'] {
  const [low, high] = domainOf(rows);
  const end = ({ ratio: { high: end } }: Row): number => end ?? high;
  const fill = ({ isStranger }: Row): string => colour(isStranger ? 2 : 1);
  const bottom = 44;
  return draw(label, {
    ...{ height: rows.length * ROW_HEIGHT + bottom + 8, marginBottom: bottom, marginTop: 8 },
    ...{ marginLeft: 10, marginRight: 10 },
    x: {
      type: 'log',
      domain: [low, high],
      label: axis,
      ticks: 4,
      tickFormat: (value: number) => `${value}×`,
    },
    y: { type: 'linear', domain: [rows.length - 0.5, -0.5], axis: null },
    marks: [
      Plot.ruleX([1], { strokeDasharray: '3 3', strokeOpacity: 0.5 }),
      Plot.link(rows, {
        ...{ x1: ({ ratio }: Row) => clamped(ratio.low, low), x2: end },
        ...{ y1: 'at', y2: 'at', dy: 8, stroke: fill, strokeWidth: 2.5 },
      }),
      Plot.dot(rows, {
        ...{ x: ({ ratio }: Row) => clamped(ratio.value, low), y: 'at', dy: 8, r: 5, fill },
        symbol: ({ isStranger }: Row) => (isStranger ? 'diamond' : 'circle'),
      }),
      Plot.text(rows, { ...LABEL, frameAnchor: 'left', text: 'name', textAnchor: 'start' }),
      Plot.text(rows, {
        ...{ ...LABEL, frameAnchor: 'right', text: 'text', textAnchor: 'end' },
        fontWeight: 600,
      }),
    ],
    width: WIDTH,
  });
}

const LABEL = { y: 'at', dy: -9, stroke: 'var(--paper)', strokeWidth: 4, fill: 'currentColor' } as const;

/** A place on a logarithmic axis; ratios may be 0. */
function clamped(value: number, least: number): number {
  return Math.max(value, least);
}

function domainOf(rows: readonly Row[]): readonly [number, number] {
  const lows = rows.map(({ ratio: { low, value } }) => (low > 0 ? low : value)).filter((low) => low > 0);
  const highs = rows.map(({ ratio: { high, value } }) => high ?? value * 4);
  return [Math.min(0.8, ...lows) * 0.9, Math.max(1.25, ...highs) * 1.1];
}
