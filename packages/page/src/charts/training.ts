import * as Plot from '@observablehq/plot';
import type { ModelReport, TrainingPoint } from '@unpair/campaign';
import type { Figure } from './figure.js';
import { colour, dash, SERIES } from './figure.js';
import type { Drawing } from './group.js';
import { andMore } from './group.js';
import { draw } from './plot.js';

/** What a chart follows over the steps. */
interface Course {
  readonly name: string;
  readonly of: (point: TrainingPoint) => number | undefined;
}

/** The course of training: a chart for the loss, the accuracy and each thing that was measured on the way. */
export function trainingCurves(models: readonly ModelReport[]): readonly Drawing[] {
  const trained = trainedOf(models);
  const measures = new Set(
    trained.flatMap(({ training }) => (training ?? []).flatMap(({ measures }) => Object.keys(measures))),
  );
  const courses: readonly Course[] = [
    { name: 'loss', of: ({ loss }) => loss },
    { name: 'accuracy', of: ({ accuracy }) => accuracy },
    ...[...measures].map((name) => ({ name, of: ({ measures }: TrainingPoint) => measures[name] })),
  ];
  return trained.length === 0 ? [] : courses.map((course) => () => chart(course, trained));
}

/** Models with a course of training. */
export function trainedOf(models: readonly ModelReport[]): readonly ModelReport[] {
  return models.filter(({ training }) => training !== null && training.length > 0);
}

function chart({ name, of }: Course, trained: readonly ModelReport[]): Figure {
  const having = trained.filter(({ training }) => training?.some((point) => of(point) !== undefined));
  const shown = having.slice(0, SERIES - 1).map(({ id, training }, at) => ({
    name: id,
    series: at + 1,
    points: (training ?? []).flatMap((point) => {
      const value = of(point);
      return value === undefined ? [] : [{ step: point.step, value }];
    }),
  }));
  const caption = `Training, ${name} by step${andMore(having.length, shown.length)}`;
  return {
    caption,
    key: shown,
    svg: draw(caption, {
      ...{ height: 240, marginLeft: 56, marginRight: 16, marginBottom: 40 },
      x: { label: 'step', grid: true, ticks: 5 },
      y: { label: name, grid: true, ticks: 5 },
      marks: shown.map(({ points, series }) =>
        Plot.lineY(points, {
          ...{ x: 'step', y: 'value', stroke: colour(series), strokeDasharray: dash(series), strokeWidth: 2 },
        }),
      ),
    }),
  };
}
