import type { Parameters, ParameterValue } from '@unpair/parameters';

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

/** Which of the models that an entry of `models:` stands for one is. */
export interface SweepMember {
  readonly entry: string;
  /** The values of the axes, by what these are called in names of the entry's models. */
  readonly point: Parameters;
}

export function sweepMember(entry: string, axes: readonly Axis[], point: Point): SweepMember {
  const values = axes.map((axis) => [axisLabel(entry, axis), point.get(axis) ?? null] as const);
  return { entry, point: Object.fromEntries(values) };
}

/**
 * The name of a sweep's member, `int8[weights=4,unpaired.cosine=2]`: values as JSON writes them, words bare, axes of other
 * entries with the name of these. Without axes it is the entry's own.
 */
export function sweptName({ entry, point }: SweepMember): string {
  const values = Object.entries(point).map(([label, value]) => `${label}=${valueText(value)}`);
  return values.length === 0 ? entry : `${entry}[${values.join(',')}]`;
}

/** What an axis is called in names of an entry's models. */
export function axisLabel(entry: string, axis: Axis): string {
  return axis.entry === entry ? axis.parameter : `${axis.entry}.${axis.parameter}`;
}

function valueText(value: ParameterValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
