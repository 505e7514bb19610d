import { integer, number, oneOf } from '@unpair/parameters';
import type { Rule } from '@unpair/parameters';
import type { ClassRange, ModelOptions, Preprocessing } from '@unpair/graph';
import type { Violation } from '../campaign.js';
import type { Problem } from './field.js';
import { Field, pathText } from './field.js';

/** The keys that may stand beside `file`. */
export const OPTION_KEYS: readonly string[] = ['layout', 'preprocessing', 'classes', 'outputs'];

const LAYOUTS = oneOf('nchw', 'nhwc');
const OUTPUTS = oneOf('logits', 'probabilities');
const ORDERS = oneOf('rgb', 'bgr');

/** Reads what stands beside `file:` in a model's entry; undefined where there is nothing. */
export function readModelOptions(field: Field): ModelOptions | undefined {
  const options: ModelOptions = {
    ...only('layout', field.get('layout').readOr(LAYOUTS, undefined)),
    ...only('preprocessing', readPreprocessing(field.get('preprocessing'))),
    ...only('classes', readClasses(field.get('classes'))),
    ...only('outputs', field.get('outputs').readOr(OUTPUTS, undefined)),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}

function readPreprocessing(field: Field): Preprocessing | undefined {
  if (!field.present || !field.hasKeys(['range', 'channels', 'mean', 'std'])) return undefined;
  return {
    ...only('range', field.get('range').readOr(RANGE, undefined)),
    ...only('channels', field.get('channels').readOr(ORDERS, undefined)),
    ...only('mean', field.get('mean').readOr(perChannel(number(-Infinity)), undefined)),
    ...only('std', field.get('std').readOr(perChannel(POSITIVE), undefined)),
  };
}

function readClasses(field: Field): ClassRange | undefined {
  if (!field.present || !field.hasKeys(['from', 'count'])) return undefined;
  const from = field.get('from').readOr(integer(0), 0);
  const count = field.get('count').readOr(integer(2), undefined);
  return from === undefined ? undefined : { from, ...only('count', count) };
}

/** The member where it has a value, so that what the file does not say is not there. */
function only<K extends string, T>(key: K, value: T | undefined): Readonly<Partial<Record<K, T>>> {
  return (value === undefined ? {} : { [key]: value }) as Readonly<Partial<Record<K, T>>>;
}

const POSITIVE: Rule<number> = {
  allowed: 'a number above 0',
  accept: (value) => (typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined),
};

const RANGE: Rule<readonly [number, number]> = {
  allowed: 'a list of two numbers of which the second is larger, such as [0, 255]',
  accept: (value) => {
    const [low, high, ...more] = Array.isArray(value) ? (value as readonly unknown[]) : [];
    const isRange =
      typeof low === 'number' && typeof high === 'number' && Number.isFinite(high - low) && low < high;
    return isRange && more.length === 0 ? [low, high] : undefined;
  },
};

/** One number, or one for each of one or three channels. */
function perChannel(rule: Rule<number>): Rule<number | readonly number[]> {
  return {
    allowed: `${rule.allowed}, or a list of one for each channel`,
    accept: (value) => {
      if (!Array.isArray(value)) return rule.accept(value);
      const list = value.map((entry: unknown) => rule.accept(entry));
      return list.length > 0 && list.every((entry) => entry !== undefined) ? list : undefined;
    },
  };
}

/** Options of a model, or everything that is wrong with them. */
export type ParsedOptions =
  | { readonly ok: true; readonly options: ModelOptions }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** Reads options that stand for themselves, as on a command line, by the rules of the campaign file. */
export function parseModelOptions(options: ReadonlyMap<string, unknown>): ParsedOptions {
  const problems: Problem[] = [];
  const field = new Field(options, [], problems);
  field.hasKeys(OPTION_KEYS);
  const read = readModelOptions(field) ?? {};
  if (problems.length === 0) return { ok: true, options: read };
  const violations = problems.map(({ path, description }) => ({ field: pathText(path), description }));
  return { ok: false, violations };
}
