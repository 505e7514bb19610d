import { UnpairError } from '@unpair/errors';
import type { Report } from './report.js';

/** Which entries of a report are wanted; what is absent lets all pass. */
export interface Selection {
  readonly target?: string;
  readonly surrogate?: string;
  readonly attack?: string;
  readonly epsilon?: number;
}

type Key = keyof Selection;
type Value = string | number;
type Entry = Readonly<Partial<Record<Key, Value | null>>>;

/**
 * The report with those entries alone that have what is selected. Entries without a key pass: models have no attack. The
 * verdict, and the counts of the run, are of the whole campaign.
 * @throws {UnpairError} for a value that no entry has, naming those that there are
 */
export function selectReport(report: Report, selection: Selection): Report {
  assertKnown(report, selection);
  const chosen = (entry: Entry): boolean =>
    keysOf(selection).every((key) => !(key in entry) || isSame(entry[key], selection[key]));
  const { similarity, attacks, amplification, explanation, defence } = report;
  return {
    ...report,
    similarity: similarity.filter(chosen),
    attacks: attacks.filter(chosen),
    amplification: amplification.filter(chosen),
    explanation: explanation.filter(chosen),
    defence: defence.filter(chosen).map((entry) => ({
      ...entry,
      exposure: entry.exposure.filter(chosen),
      // Their surrogates are what attackers made of the sibling.
      adaptive: entry.adaptive.filter(({ attack, epsilon }) => chosen({ attack, epsilon })),
    })),
  };
}

function assertKnown({ attacks, similarity }: Report, selection: Selection): void {
  const violations = keysOf(selection).flatMap((key) => {
    const values = [...attacks, ...similarity]
      .map((entry: Entry) => entry[key] ?? null)
      .filter((value) => value !== null);
    if (values.some((value) => isSame(value, selection[key]))) return [];
    const allowed = [...new Set(values)].slice(0, 20).join(', ');
    return [
      { field: `--${key}`, description: `is ${String(selection[key])}, but the report has ${allowed}` },
    ];
  });
  if (violations.length > 0) {
    throw new UnpairError('INVALID_ARGUMENT', 'the report has nothing of what is asked for', { violations });
  }
}

function keysOf(selection: Selection): readonly Key[] {
  return (['target', 'surrogate', 'attack', 'epsilon'] as const).filter(
    (key) => selection[key] !== undefined,
  );
}

function isSame(value: unknown, wanted: unknown): boolean {
  if (typeof value !== 'number' || typeof wanted !== 'number') return value === wanted;
  return Math.abs(value - wanted) < 1e-9;
}
