import type { Estimate } from '@unpair/numerics';
import { newcombe } from '@unpair/numerics';
import type { AttackReport, ModelReport, Report } from '../report/report.js';

/** One figure in two reports. */
export interface Compared<T> {
  readonly first: T;
  readonly second: T;
  /** The second rate less the first with its 95 % interval; null where one of them is not known. */
  readonly difference: Estimate | null;
}

/** Two reports side by side. */
export interface Comparison {
  /** What differs in how they came about, a sentence each. */
  readonly setup: readonly string[];
  readonly models: readonly Compared<ModelReport>[];
  readonly attacks: readonly Compared<AttackReport>[];
  /** What only one of them has: cells, by report. */
  readonly alone: readonly [first: readonly AttackReport[], second: readonly AttackReport[]];
}

/** Sets what two reports have in common side by side: models by name, attacks by cell, which names all that decides its rows. */
export function compareReports(first: Report, second: Report): Comparison {
  const models = matched(
    first.models,
    second.models,
    ({ id }) => id,
    ({ accuracy }) => accuracy,
  );
  const attacks = matched(
    first.attacks,
    second.attacks,
    ({ cell }) => cell,
    ({ success }) => success,
  );
  return {
    setup: setupDifferences(first, second),
    models: models.both,
    attacks: attacks.both,
    alone: attacks.alone,
  };
}

/** Whether the interval of a difference is all on one side. */
export function isDistinct({ difference }: Pick<Compared<unknown>, 'difference'>): boolean {
  return difference !== null && (difference.low > 0 || difference.high < 0);
}

/** Whether the medians of two searches, failures set to the budget, have intervals that do not meet; null without medians. */
export function areMediansApart({ first, second }: Compared<AttackReport>): boolean | null {
  const [a, b] = [first.queries?.medianAllInterval, second.queries?.medianAllInterval];
  return a && b ? a.high < b.low || b.high < a.low : null;
}

function matched<T>(
  first: readonly T[],
  second: readonly T[],
  key: (entry: T) => string,
  rate: (entry: T) => Estimate | null,
): { readonly both: readonly Compared<T>[]; readonly alone: readonly [readonly T[], readonly T[]] } {
  const others = new Map(second.map((entry) => [key(entry), entry]));
  const keys = new Set(first.map(key));
  const both = first.flatMap((entry) => {
    const other = others.get(key(entry));
    if (other === undefined) return [];
    const [was, is] = [rate(entry), rate(other)];
    return [{ first: entry, second: other, difference: was && is ? newcombe(is, was) : null }];
  });
  const only = first.filter((entry) => !others.has(key(entry)));
  return { both, alone: [only, second.filter((entry) => !keys.has(key(entry)))] };
}

function setupDifferences(first: Report, second: Report): readonly string[] {
  const [a, b] = [first.provenance, second.provenance];
  return [
    ...differing('seed', a.seed, b.seed),
    ...differing('computed with', a.runtime.join('; '), b.runtime.join('; ')),
    ...Object.keys({ ...a.versions, ...b.versions }).flatMap((name) =>
      differing(`version of ${name}`, a.versions[name], b.versions[name]),
    ),
    ...modelDifferences(first.models, second.models),
    ...fileDifferences(a.file, b.file),
  ];
}

function differing(
  what: string,
  first: string | number | undefined,
  second: string | number | undefined,
): readonly string[] {
  return first === second ? [] : [`${what}: ${first ?? 'none'} and ${second ?? 'none'}`];
}

/** Models of one name that are not the same to the bit, and those that one report lacks. */
function modelDifferences(first: readonly ModelReport[], second: readonly ModelReport[]): readonly string[] {
  const names = [...new Set([...first, ...second].map(({ id }) => id))];
  return names.flatMap((name) => {
    const [a, b] = [first, second].map((models) => models.find(({ id }) => id === name));
    if (a === undefined || b === undefined)
      return [`model ${name}: only in the ${a === undefined ? 'second' : 'first'}`];
    return a.digest === b.digest
      ? []
      : [`model ${name}: another file (${short(a.digest)} and ${short(b.digest)})`];
  });
}

const short = (digest: string | null): string => digest?.slice(0, 8) ?? 'none';

/** Lines of campaign files that are told. */
const LINES = 12;

function fileDifferences(first: string | null, second: string | null): readonly string[] {
  if (first === null || second === null || first === second) return [];
  const [a, b] = [first, second].map((text) => new Set(text.split('\n').map((line) => line.trim())));
  const lines = [...onlyIn(a, b).map((line) => `- ${line}`), ...onlyIn(b, a).map((line) => `+ ${line}`)];
  const more = lines.length > LINES ? [`… and ${lines.length - LINES} lines more`] : [];
  return lines.length === 0
    ? []
    : [...lines.slice(0, LINES), ...more].map((line) => `campaign file: ${line}`);
}

function onlyIn(lines: ReadonlySet<string> | undefined, others: ReadonlySet<string> | undefined): string[] {
  return [...(lines ?? [])].filter((line) => line !== '' && !others?.has(line));
}
