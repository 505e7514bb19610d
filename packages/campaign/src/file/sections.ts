import type { GoalChoice, TargetClass } from '@unpair/attacks';
import { CLASS_RULES } from '@unpair/attacks';
import type { Rule } from '@unpair/parameters';
import { integer, oneOf, pixels, truth } from '@unpair/parameters';
import {
  DEVICE_KINDS,
  type DatasetEntry,
  type Placement,
  type SimilarityEntry,
  type ThreatModel,
} from '../campaign.js';
import type { Field } from './field.js';
import { text } from './rules.js';

/** Images are held in memory, and models of larger ones are not attacked. */
const LARGEST_SIDE = 4096;

/** A section after reading: parts that are in error are undefined, and have been complained about. */
export type Partially<T> = { readonly [K in keyof T]: T[K] | undefined };

const SPLITS = oneOf('train', 'test');
const PAIRS = oneOf('attacked', 'all');
const NORMS = oneOf('linf', 'l2');

/** Reads `dataset:`. Whether it has that many samples is for whoever knows the data set: `checkSamples`. */
export function readDataset(field: Field): Partially<DatasetEntry> {
  if (!field.hasKeys(['source', 'split', 'samples', 'size', 'columns'])) return NO_DATASET;
  const size = field.get('size').readOr(integer(1, LARGEST_SIDE), undefined);
  const columns = readColumns(field.get('columns'));
  return {
    source: field.get('source').read(text('the name of a data set, or the path of one')),
    split: field.get('split').readOr(SPLITS, 'test'),
    samples: field.get('samples').read(integer(1)),
    ...(size !== undefined && { size }),
    ...(columns !== undefined && { columns }),
  };
}

function readColumns(field: Field): DatasetEntry['columns'] | undefined {
  if (!field.present || !field.hasKeys(['image', 'label'])) return undefined;
  const image = field.get('image').readOr(COLUMN, DEFAULT_COLUMNS.image);
  const label = field.get('label').readOr(COLUMN, DEFAULT_COLUMNS.label);
  return image === undefined || label === undefined ? undefined : { image, label };
}

const COLUMN = text('the name of a column of the CSV file');
const DEFAULT_COLUMNS = { image: 'file', label: 'label' };

const NO_DATASET: Partially<DatasetEntry> = { source: undefined, split: undefined, samples: undefined };

/**
 * Reads `threat:`. In linf an epsilon above 1 would allow every image. In l2 the same bound is √(C·H·W), which
 * depends on the data: `checkEpsilons`. So does which classes there are to reach: `checkGoal`.
 */
export function readThreat(field: Field): Partially<ThreatModel> {
  if (!field.hasKeys(['norm', 'epsilon', 'goal'])) return NO_THREAT;
  const norm = field.get('norm').readOr(NORMS, 'linf');
  const epsilon = norm === 'linf' ? pixels(1, '8/255') : pixels(Infinity, '0.5');
  return { norm, epsilons: field.get('epsilon').readOneOrMore(epsilon), goal: readGoal(field.get('goal')) };
}

const NO_THREAT: Partially<ThreatModel> = { norm: undefined, epsilons: undefined, goal: undefined };

function readGoal(field: Field): GoalChoice | undefined {
  if (!(field.value instanceof Map)) return field.readOr(AVOID, 'avoid');
  if (!field.hasKeys(['reach'])) return undefined;
  const reach = field.get('reach').read(TARGET_CLASS);
  return reach === undefined ? undefined : { reach };
}

const AVOID: Rule<'avoid'> = {
  allowed: 'avoid, or a class to reach such as {reach: 3} or {reach: next}',
  accept: (value) => (value === 'avoid' ? value : undefined),
};

const TARGET_CLASS: Rule<TargetClass> = {
  allowed: `the number of a class, or one of ${CLASS_RULES.join(', ')}`,
  accept: (value) => integer(0).accept(value) ?? oneOf(...CLASS_RULES).accept(value),
};

/** Reads `placement:`, which the file may leave out. */
export function readPlacement(field: Field): Placement | undefined {
  if (field.present && !field.hasKeys(['device', 'label', 'mixed'])) return undefined;
  const device = field.get('device').present ? field.get('device').read(DEVICES) : undefined;
  const label = field.get('label').present ? field.get('label').read(LABEL) : undefined;
  const mixed = field.get('mixed').readOr(truth, false);
  if (mixed === undefined) return undefined;
  return { ...(device !== undefined && { device }), ...(label !== undefined && { label }), mixed };
}

const DEVICES = oneOf(...DEVICE_KINDS);

/** As UNPAIR_LABEL of workers. */
const LABEL: Rule<string> = {
  allowed: '1 to 32 lower-case letters, digits and "-", with no "-" at either end',
  accept: (value) =>
    typeof value === 'string' && /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(value) ? value : undefined,
};

/** Reads `similarity:`, which the file may leave out. */
export function readSimilarity(field: Field): Partially<SimilarityEntry> {
  if (field.present) field.hasKeys(['pairs', 'perturbed']);
  return {
    pairs: field.get('pairs').readOr(PAIRS, 'attacked'),
    perturbed: field.get('perturbed').readOr(truth, true),
  };
}
