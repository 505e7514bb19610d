import type { ParameterValue } from '@unpair/parameters';

/** A parameter whose values an entry of `models:` lists. */
export interface Axis {
  /** The entry that lists them. */
  readonly entry: string;
  /** Its parameter, `finetune.epochs` for instance. */
  readonly parameter: string;
  readonly values: readonly ParameterValue[];
}

/** One value for each of some axes. */
export type Point = ReadonlyMap<Axis, ParameterValue>;

/** What opens the part of a swept model's name that says at which point it is: names of the file cannot hold it. */
const OPENING = '[';

/**
 * The name of the model that an entry stands for at a point, `int8[weights=4,unpaired.cosine=2]`: values as JSON writes
 * them, words bare, axes of other entries with the name of these. Without axes it is the entry's own.
 */
export function sweptName(entry: string, axes: readonly Axis[], point: Point): string {
  if (axes.length === 0) return entry;
  const values = axes.map((axis) => `${axisLabel(entry, axis)}=${valueText(point.get(axis))}`);
  return `${entry}${OPENING}${values.join(',')}]`;
}

/** What an axis is called in names of an entry's models. */
export function axisLabel(entry: string, axis: Axis): string {
  return axis.entry === entry ? axis.parameter : `${axis.entry}.${axis.parameter}`;
}

/** The entry of the file that a model's name begins with. */
export function entryOf(name: string): string {
  const [entry = name] = name.split(OPENING, 1);
  return entry;
}

function valueText(value: ParameterValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
