import type { AttackReport, ModelReport, Report, TableText, TradeOffPoint } from '@unpair/campaign';
import { count, percent, share, threat } from '@unpair/campaign';
import { labelIn } from '../charts/heat-map.js';
import { trainedOf } from '../charts/training.js';

/** What the charts of query CDFs draw. */
export function cdfTable({ attacks }: Report): TableText {
  const searches = attacks.filter(({ adaptive, queries }) => !adaptive && (queries?.cdf.length ?? 0) > 0);
  const label = labelIn(attacks);
  const grid = [
    ...new Set(searches.flatMap(({ queries }) => (queries?.cdf ?? []).map(({ queries }) => queries))),
  ];
  grid.sort((a, b) => a - b);
  return {
    title: 'Broken within so many queries',
    columns: [
      ...['attack', 'ε', 'prior', 'target'].map(left),
      ...grid.map((queries) => right(count(queries))),
    ],
    rows: searches.map((search) => [
      label(search),
      threat(search.norm, search.epsilon),
      search.surrogate ?? 'none',
      search.target,
      ...sharesOf(search, grid),
    ]),
  };
}

function sharesOf({ queries }: AttackReport, grid: readonly number[]): readonly string[] {
  const shares = new Map((queries?.cdf ?? []).map(({ queries, ofSamples }) => [queries, ofSamples]));
  return grid.map((queries) => {
    const of = shares.get(queries);
    return of === undefined ? '' : share(of);
  });
}

/** What the charts of accuracy against exposure draw. */
export function tradeOffTable({ tradeOff }: Report): TableText {
  return {
    title: 'Accuracy against exposure',
    columns: [
      ...['model', 'target', 'unpaired', 'ε'].map(left),
      ...['accuracy', 'fooled, no query', 'times fewer queries'].map(right),
    ],
    rows: tradeOff.flatMap(tradeOffRows),
  };
}

function tradeOffRows(point: TradeOffPoint): readonly (readonly string[])[] {
  return point.exposure.map(({ norm, epsilon, transfer, queryRatio }) => [
    point.surrogate,
    point.target,
    point.defended ? 'yes' : '',
    threat(norm, epsilon),
    percent(point.accuracy),
    transfer === null ? '' : share(transfer),
    queryRatio === null || queryRatio <= 0 ? '' : `${Number((1 / queryRatio).toPrecision(2))}×`,
  ]);
}

/** Points of each course of training in the table; the report has all. */
const POINTS = 10;

/** What the charts of training draw, at some of its steps. */
export function trainingTable(models: readonly ModelReport[]): TableText {
  const trained = trainedOf(models);
  const measures = [
    ...new Set(
      trained.flatMap(({ training }) => (training ?? []).flatMap(({ measures }) => Object.keys(measures))),
    ),
  ];
  return {
    title: 'Training',
    columns: [left('model'), ...['step', 'loss', 'accuracy', ...measures].map(right)],
    rows: trained.flatMap(({ id, training }) =>
      thinned(training ?? []).map((point) => [
        id,
        count(point.step),
        number(point.loss),
        number(point.accuracy),
        ...measures.map((name) => number(point.measures[name])),
      ]),
    ),
  };
}

/** Evenly, and the last. */
function thinned<T>(points: readonly T[]): readonly T[] {
  const stride = Math.ceil(points.length / POINTS);
  return points.filter((_, at) => (points.length - 1 - at) % stride === 0);
}

function number(value: number | undefined): string {
  return value === undefined ? '' : String(Number(value.toPrecision(4)));
}

function left(title: string): TableText['columns'][number] {
  return { title, align: 'left' };
}

function right(title: string): TableText['columns'][number] {
  return { title, align: 'right' };
}
