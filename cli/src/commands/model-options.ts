import type { Command } from 'commander';
import { UnpairError } from '@unpair/errors';
import { parseModelOptions } from '@unpair/campaign';
import type { ModelOptions } from '@unpair/graph';

/** What the user says about a model file, as commander reads it. */
export interface ModelFlags {
  readonly layout?: string;
  readonly range?: string;
  readonly channels?: string;
  readonly mean?: string;
  readonly std?: string;
  readonly classesFrom?: string;
  readonly classesCount?: string;
  readonly outputs?: string;
}

/** Flags by the field of a campaign file that says the same. */
const FLAGS: ReadonlyMap<string, string> = new Map([
  ['layout', '--layout'],
  ['preprocessing.range', '--range'],
  ['preprocessing.channels', '--channels'],
  ['preprocessing.mean', '--mean'],
  ['preprocessing.std', '--std'],
  ['classes.from', '--classes-from'],
  ['classes.count', '--classes-count'],
  ['outputs', '--outputs'],
]);

/** Adds the flags that say of a model file what `models:` says in a campaign file. */
export function addModelFlags(command: Command): Command {
  return command
    .option('--layout <layout>', 'nchw or nhwc (default: from the shape of the input)')
    .option('--range <low,high>', 'what the model takes for black and white (default: 0,1)')
    .option('--channels <order>', 'rgb or bgr (default: rgb)')
    .option('--mean <numbers>', 'subtracted from pixels: one number, or one for each channel of the model')
    .option('--std <numbers>', 'what pixels are then divided by')
    .option('--classes-from <n>', "first of the model's classes that the data has (default: 0)")
    .option('--classes-count <n>', 'number of classes that the data has (default: all from there)')
    .option('--outputs <kind>', 'logits or probabilities (default: logits)');
}

/** Whether any of the flags is given. */
export function saysAnything({
  layout,
  range,
  channels,
  mean,
  std,
  classesFrom,
  classesCount,
  outputs,
}: ModelFlags): boolean {
  return [layout, range, channels, mean, std, classesFrom, classesCount, outputs].some(
    (flag) => flag !== undefined,
  );
}

/** Reads the flags by the rules of the campaign file. @throws {UnpairError} naming the flag. */
export function modelOptionsOf(flags: ModelFlags): ModelOptions {
  const { layout, range, channels, mean, std, classesFrom, classesCount, outputs } = flags;
  const preprocessing = present({
    range: numbers(range),
    channels,
    mean: oneOrMore(numbers(mean)),
    std: oneOrMore(numbers(std)),
  });
  const classes = present({ from: oneOrMore(numbers(classesFrom)), count: oneOrMore(numbers(classesCount)) });
  const parsed = parseModelOptions(present({ layout, preprocessing, classes, outputs }) ?? new Map());
  if (parsed.ok) return parsed.options;
  const [first] = parsed.violations;
  const field = first?.field ?? '';
  throw new UnpairError('INVALID_ARGUMENT', `${FLAGS.get(field) ?? field} ${first?.description ?? ''}`);
}

/** The members that have a value; undefined when none has. */
function present(members: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> | undefined {
  const given = Object.entries(members).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : new Map(given);
}

/** `1,2,3` as numbers; anything else stays text, for the rules to complain about. */
function numbers(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  const parts = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  return parts.every(Number.isFinite) ? parts : text;
}

function oneOrMore(list: unknown): unknown {
  return Array.isArray(list) && list.length === 1 ? (list[0] as unknown) : list;
}
