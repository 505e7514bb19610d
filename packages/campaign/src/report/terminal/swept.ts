import type { ParameterValue } from '@unpair/parameters';
import type { AttackReport } from '../report.js';

type Point = Pick<AttackReport, 'attack' | 'norm' | 'epsilon' | 'parameters'>;

/**
 * What tells apart the points of one attack at one epsilon: `steps 10`. Parameters that the campaign did not sweep
 * are not worth a reader's time.
 */
export function sweptLabel(point: Point, all: readonly Point[]): string {
  const peers = all.filter((other) => other.attack === point.attack && other.epsilon === point.epsilon);
  return Object.entries(point.parameters)
    .filter(([key, value]) => peers.some((peer) => peer.parameters[key] !== value))
    .map(([key, value]) => `${key} ${valueText(value)}`)
    .join(', ');
}

function valueText(value: ParameterValue): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value);
}
