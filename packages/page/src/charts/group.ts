import type { AttackReport } from '@unpair/campaign';
import { threat } from '@unpair/campaign';
import type { Figure } from './figure.js';

/** A chart that is drawn only where it is shown. */
export type Drawing = () => Figure;

/** Entries by a key, in the order in which keys first appear. */
export function groupBy<T>(entries: readonly T[], keyOf: (entry: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  return [...groups.values()];
}

type Attacked = Pick<AttackReport, 'target' | 'norm' | 'epsilon'>;

/** What belongs into one chart: one target, one threat; those with the smallest epsilon, of which the verdict speaks, first. */
export function byThreat<T extends Attacked>(entries: readonly T[]): readonly (readonly T[])[] {
  const groups = groupBy(entries, ({ target, norm, epsilon }) => JSON.stringify([target, norm, epsilon]));
  const epsilon = ([first]: readonly T[]): number => first?.epsilon ?? 0;
  return [...groups].sort((a, b) => epsilon(a) - epsilon(b));
}

/** `full at ε 4/255` */
export function threatText({ target, norm, epsilon }: Attacked): string {
  return `${target} at ε ${threat(norm, epsilon)}`;
}

/** `and 3 more, which the table has`; nothing where there are none. */
export function andMore(all: number, shown: number): string {
  return all > shown ? `, and ${all - shown} more that stand in the table` : '';
}
