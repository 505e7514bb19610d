import * as Plot from '@observablehq/plot';
import type { AttackReport } from '@unpair/campaign';
import { sweptLabels, threat } from '@unpair/campaign';
import type { Figure } from './figure.js';
import type { Drawing } from './group.js';
import { andMore, byThreat, groupBy, threatText } from './group.js';
import { draw, WIDTH } from './plot.js';

const ROWS = 40;
const COLUMNS = 10;
const ROW_HEIGHT = 26;
const CHARACTER = 7.2;
/** From here on, cells are too dark for black on them. */
const DARK = 0.7;

interface Cell {
  readonly row: string;
  readonly column: string;
  readonly success: number;
}

/**
 * How often transfer fools: surrogates against attacks, a map for each target and epsilon; where there are several
 * targets, surrogates against targets, a map for each attack.
 */
export function heatMaps(attacks: readonly AttackReport[]): readonly Drawing[] {
  const cells = attacks.filter(
    ({ adaptive, queries, surrogate, success }) =>
      !adaptive && queries === null && surrogate !== null && success !== null,
  );
  const isOneTarget = new Set(cells.map(({ target }) => target)).size <= 1;
  const label = labelIn(attacks);
  if (isOneTarget)
    return byThreat(cells).map(
      (group) => () => heatMap(`Samples of ${threatOf(group)} that are fooled without a query`, group, label),
    );
  const points = groupBy(cells, (cell) => `${label(cell)} ${threat(cell.norm, cell.epsilon)}`);
  const sorted = [...points].sort(([a], [b]) => (a?.epsilon ?? 0) - (b?.epsilon ?? 0));
  return sorted.map((group) => () => {
    const [first] = group;
    const of = first === undefined ? '' : `${label(first)} at ε ${threat(first.norm, first.epsilon)}`;
    return heatMap(`Samples of each target that ${of} fools without a query`, group, ({ target }) => target);
  });
}

function threatOf([first]: readonly AttackReport[]): string {
  return first === undefined ? '' : threatText(first);
}

/** Names attacks, with the parameters that tell them apart. */
export function labelIn(attacks: readonly AttackReport[]): (attack: AttackReport) => string {
  const swept = sweptLabels(attacks);
  return (attack) => `${attack.attack} ${swept(attack)}`.trim();
}

function heatMap(
  title: string,
  attacks: readonly AttackReport[],
  columnOf: (attack: AttackReport) => string,
): Figure {
  const all = attacks.map((attack) => ({
    row: attack.surrogate ?? '',
    column: columnOf(attack),
    success: attack.success?.value ?? 0,
  }));
  const [rows, columns] = [namesOf(all, 'row'), namesOf(all, 'column')];
  const cells = all.filter(
    ({ row, column }) => rows.indexOf(row) < ROWS && columns.indexOf(column) < COLUMNS,
  );
  const caption = `${title}, in percent: by the model that the examples are made on${andMore(rows.length, ROWS)}`;
  return { caption, svg: drawn(caption, cells, rows.slice(0, ROWS), columns.slice(0, COLUMNS)) };
}

function namesOf(cells: readonly Cell[], key: 'row' | 'column'): readonly string[] {
  return [...new Set(cells.map((cell) => cell[key]))];
}

function drawn(
  label: string,
  cells: readonly Cell[],
  rows: readonly string[],
  columns: readonly string[],
): Figure['svg'] {
  const marginLeft = marginFor(rows, 150);
  const columnWidth = (WIDTH - marginLeft - 8) / columns.length;
  const isWide = columns.every((name) => name.length * CHARACTER <= columnWidth);
  const marginTop = isWide ? 28 : 12 + marginFor(columns, 150) * 0.6;
  return draw(label, {
    height: marginTop + rows.length * ROW_HEIGHT + 6,
    ...{ marginLeft, marginTop, marginRight: isWide ? 8 : 40, marginBottom: 6 },
    padding: 0.04,
    x: { domain: columns },
    y: { domain: rows },
    color: { type: 'linear', scheme: 'Blues', domain: [0, 1] },
    marks: [
      Plot.axisX({ anchor: 'top', label: null, tickSize: 0, tickRotate: isWide ? 0 : -35, ...ELLIPSIS }),
      Plot.axisY({ label: null, tickSize: 0, ...ELLIPSIS }),
      Plot.cell(cells, { x: 'column', y: 'row', fill: 'success' }),
      Plot.text(cells, {
        ...{ x: 'column', y: 'row' },
        text: ({ success }: Cell) => (success * 100).toFixed(0),
        fill: ({ success }: Cell) => (success > DARK ? '#fff' : '#000'),
      }),
    ],
  });
}

/** Names that are too long lose their middle. */
const ELLIPSIS = { lineWidth: 11, textOverflow: 'ellipsis-middle' } as const;

/** Room for the longest of some names, at most so much. */
export function marginFor(names: readonly string[], most: number): number {
  return Math.min(most, 16 + CHARACTER * Math.max(0, ...names.map(({ length }) => length)));
}
