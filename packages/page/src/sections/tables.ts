import type {
  AttackReport,
  Column,
  ModelReport,
  Report,
  TableText,
  TradeOffExposure,
  TradeOffPoint,
  TrainingPoint,
} from '@unpair/campaign';
import { count, percent, share, tableOf, threat } from '@unpair/campaign';
import { labelIn } from '../charts/heat-map.js';
import { trainedOf } from '../charts/training.js';

/** What the charts of query CDFs draw. */
export function cdfTable({ attacks }: Report): TableText {
  const searches = attacks.filter(({ adaptive, queries }) => !adaptive && (queries?.cdf.length ?? 0) > 0);
  const grid = new Set(searches.flatMap(({ queries }) => (queries?.cdf ?? []).map(({ queries }) => queries)));
  return tableOf('Broken within so many queries', searches, [
    { title: 'attack', align: 'left', text: labelIn(attacks) },
    { title: 'ε', align: 'left', text: ({ norm, epsilon }) => threat(norm, epsilon) },
    { title: 'prior', align: 'left', text: ({ surrogate }) => surrogate ?? 'none' },
    { title: 'target', align: 'left', text: ({ target }) => target },
    ...[...grid].sort((a, b) => a - b).map(withinColumn),
  ]);
}

function withinColumn(most: number): Column<AttackReport> {
  return {
    title: count(most),
    align: 'right',
    text: ({ queries }) => {
      const within = queries?.cdf.find(({ queries }) => queries === most);
      return within === undefined ? '' : share(within.ofSamples);
    },
  };
}

interface TradeOffRow {
  readonly point: TradeOffPoint;
  readonly exposure: TradeOffExposure;
}

/** What the charts of accuracy against exposure draw. */
export function tradeOffTable({ tradeOff }: Report): TableText {
  const rows = tradeOff.flatMap((point) => point.exposure.map((exposure) => ({ point, exposure })));
  return tableOf<TradeOffRow>('Accuracy against exposure', rows, [
    { title: 'model', align: 'left', text: ({ point }) => point.surrogate },
    { title: 'target', align: 'left', text: ({ point }) => point.target },
    { title: 'unpaired', align: 'left', text: ({ point }) => (point.defended ? 'yes' : '') },
    { title: 'ε', align: 'left', text: ({ exposure }) => threat(exposure.norm, exposure.epsilon) },
    { title: 'accuracy', align: 'right', text: ({ point }) => percent(point.accuracy) },
    { title: 'fooled, no query', align: 'right', text: ({ exposure }) => share(exposure.transfer) },
    { title: 'times fewer queries', align: 'right', text: ({ exposure }) => savingText(exposure) },
  ]);
}

function savingText({ queryRatio }: TradeOffExposure): string {
  return queryRatio === null || queryRatio <= 0 ? '' : `${Number((1 / queryRatio).toPrecision(2))}×`;
}

/** Points of each course of training in the table; the report has all. */
const POINTS = 10;

interface TrainingRow {
  readonly id: string;
  readonly point: TrainingPoint;
}

/** What the charts of training draw, at some of its steps. */
export function trainingTable(models: readonly ModelReport[]): TableText {
  const rows = trainedOf(models).flatMap(({ id, training }) =>
    thinned(training ?? []).map((point) => ({ id, point })),
  );
  const measures = new Set(rows.flatMap(({ point }) => Object.keys(point.measures)));
  return tableOf<TrainingRow>('Training', rows, [
    { title: 'model', align: 'left', text: ({ id }) => id },
    { title: 'step', align: 'right', text: ({ point }) => count(point.step) },
    { title: 'loss', align: 'right', text: ({ point }) => digits(point.loss) },
    { title: 'accuracy', align: 'right', text: ({ point }) => digits(point.accuracy) },
    ...[...measures].map((name): Column<TrainingRow> => ({
      ...{ title: name, align: 'right' },
      text: ({ point }) => digits(point.measures[name]),
    })),
  ]);
}

/** Evenly, and the last. */
function thinned<T>(points: readonly T[]): readonly T[] {
  const stride = Math.ceil(points.length / POINTS);
  return points.filter((_, at) => (points.length - 1 - at) % stride === 0);
}

function digits(value: number | undefined): string {
  return value === undefined ? '' : String(Number(value.toPrecision(4)));
}
