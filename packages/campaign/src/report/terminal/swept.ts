import type { ParameterValue } from '@unpair/parameters';
import type { AttackReport } from '../report.js';

type Point = Pick<AttackReport, 'attack' | 'norm' | 'epsilon' | 'parameters'>;

/**
 * What tells apart the points of one attack at one epsilon: `steps 10`. Parameters that the campaign did not sweep
 * are not worth a reader's time.
 */
export function sweptLabels(all: readonly Point[]): (point: Point) => string {
  const swept = new Map<string, Set<string>>();
  const firsts = new Map<string, Point>();
  for (const point of all) {
    const key = peerKey(point);
    const first = firsts.get(key);
    if (first === undefined) {
      firsts.set(key, point);
      swept.set(key, new Set());
    } else for (const name of different(first, point)) swept.get(key)?.add(name);
  }
  return (point) =>
    Object.entries(point.parameters)
      .filter(([name]) => swept.get(peerKey(point))?.has(name))
      .map(([name, value]) => `${name} ${valueText(value)}`)
      .join(', ');
}

function peerKey({ attack, epsilon }: Point): string {
  return `${epsilon} ${attack}`;
}

/** Parameters that two points do not share; where any two of some points differ, one differs from the first. */
function different({ parameters: a }: Point, { parameters: b }: Point): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
}

function valueText(value: ParameterValue): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value);
}
