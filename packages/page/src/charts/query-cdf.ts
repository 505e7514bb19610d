import * as Plot from '@observablehq/plot';
import type { AttackReport, QueryReport } from '@unpair/campaign';
import type { Figure, KeyEntry } from './figure.js';
import { colour, dash, SERIES } from './figure.js';
import type { Drawing } from './group.js';
import { andMore, byThreat, threatText } from './group.js';
import { labelIn } from './heat-map.js';
import { draw } from './plot.js';

type Search = AttackReport & { readonly queries: QueryReport };

interface Point {
  readonly queries: number;
  readonly share: number;
  readonly series: number;
}

/** Shares of samples broken within so many queries, with and without a prior: a chart for each target and epsilon. */
export function queryCdfs(attacks: readonly AttackReport[]): readonly Drawing[] {
  const label = labelIn(attacks);
  return byThreat(attacks.filter(isSearch)).map((group) => () => queryCdf(group, label));
}

function isSearch(attack: AttackReport): attack is Search {
  return !attack.adaptive && attack.queries !== null && attack.queries.cdf.length > 0;
}

function queryCdf(group: readonly Search[], label: (attack: AttackReport) => string): Figure {
  const shown = strongest(group);
  const series = shown.map(({ search, series }) => ({ points: pointsOf(search, series), series }));
  const [first] = group;
  const of = first === undefined ? '' : threatText(first);
  const caption = `Samples of ${of} that are broken within so many queries${andMore(group.length, shown.length)}`;
  return { caption, key: shown.map((each) => keyOf(each, label)), svg: drawn(caption, series) };
}

interface Shown {
  readonly search: Search;
  readonly series: number;
}

/** The best searches without a prior and with one; series 0 is the best without. */
function strongest(group: readonly Search[]): readonly Shown[] {
  const cost = ({ queries }: Search): number => queries.medianAll ?? Infinity;
  const sorted = [...group].sort((a, b) => cost(a) - cost(b));
  const without = sorted.filter(({ surrogate }) => surrogate === null).slice(0, 2);
  const through = sorted.filter(({ surrogate }) => surrogate !== null).slice(0, SERIES - 2);
  const first = without.length > 0 ? 0 : 1;
  return [...without, ...through]
    .slice(0, SERIES - first)
    .map((search, at) => ({ search, series: first + at }));
}

function keyOf({ search, series }: Shown, label: (attack: AttackReport) => string): KeyEntry {
  const { surrogate } = search;
  return { series, name: `${label(search)}, ${surrogate === null ? 'no prior' : `${surrogate} as prior`}` };
}

function pointsOf({ queries: { cdf } }: Search, series: number): readonly Point[] {
  return cdf.map(({ queries, ofSamples }) => ({ queries, share: ofSamples, series }));
}

function drawn(
  label: string,
  series: readonly { readonly points: readonly Point[]; readonly series: number }[],
): Figure['svg'] {
  return draw(label, {
    ...{ height: 280, marginLeft: 46, marginRight: 14, marginBottom: 40 },
    x: { type: 'log', label: 'queries to the target', grid: true, ticks: 4, tickFormat: ',' },
    y: { label: 'broken', domain: [0, 1], percent: false, tickFormat: '.0%', ticks: 5, grid: true },
    marks: series.map(({ points, series: at }) =>
      Plot.lineY(points, {
        ...{ x: 'queries', y: 'share', stroke: colour(at), strokeDasharray: dash(at), strokeWidth: 2.5 },
      }),
    ),
  });
}
