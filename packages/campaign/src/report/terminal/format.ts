import type { Estimate, Norm } from '@unpair/numerics';
import type { QueryRatio } from '../query-ratio.js';
import type { Bounds, Ratio } from '../estimates.js';

/** What a cell shows when there is nothing to show. */
export const NONE = '–';

/** `87.4 % [83.9, 90.2]`; the interval is left out where there is none. */
export function percent(estimate: Estimate | null): string {
  if (estimate === null) return NONE;
  const { value, low, high } = estimate;
  return `${hundredths(value)} % [${hundredths(low)}, ${hundredths(high)}]`;
}

/** `87.4 %` */
export function share(value: number | null): string {
  return value === null ? NONE : `${hundredths(value)} %`;
}

/** `0.412 [0.380, 0.441]` */
export function decimal(value: number | null, bounds: Bounds | null = null): string {
  if (value === null) return NONE;
  const interval = bounds === null ? '' : ` [${bounds.low.toFixed(3)}, ${bounds.high.toFixed(3)}]`;
  return `${value.toFixed(3)}${interval}`;
}

/** `1,180 [990, 1,410]` */
export function count(value: number | null, bounds: Bounds | null = null): string {
  if (value === null) return NONE;
  const interval = bounds === null ? '' : ` [${whole(bounds.low)}, ${whole(bounds.high)}]`;
  return `${whole(value)}${interval}`;
}

/** `9.1× [6.4, 13]`, with `≥` or `≤` before a bound and `∞` for an end that is open. */
export function ratio(estimate: (Ratio & Partial<Pick<QueryRatio, 'bound'>>) | null): string {
  if (estimate === null) return NONE;
  const { value, low, high } = estimate;
  const end = high === null ? '∞' : factor(high);
  return `${boundSign(estimate)}${factor(value)}× [${factor(low)}, ${end}]`;
}

/** `9.1×`, with `≥` or `≤` before a bound: a ratio without its interval, for what is only there to be compared with. */
export function times(estimate: Pick<Ratio, 'value'> & Partial<Pick<QueryRatio, 'bound'>>): string {
  return `${boundSign(estimate)}${factor(estimate.value)}×`;
}

/** What stands before a figure that is a bound. */
export function boundSign({ bound }: Partial<Pick<QueryRatio, 'bound'>>): string {
  if (bound === undefined || bound === null) return '';
  return bound === 'lower' ? '≥ ' : '≤ ';
}

/** `8/255` where epsilon is a whole number of grey levels, else three digits; with the norm where it is not linf. */
export function threat(norm: Norm, epsilon: number): string {
  const levels = epsilon * 255;
  const isWhole = norm === 'linf' && Math.abs(levels - Math.round(levels)) < 1e-9;
  const amount = isWhole ? `${Math.round(levels)}/255` : String(Number(epsilon.toPrecision(3)));
  return norm === 'linf' ? amount : `${norm} ${amount}`;
}

/** `1.1 MB` */
export function size(bytes: number | null): string {
  if (bytes === null) return NONE;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function hundredths(share: number): string {
  return (share * 100).toFixed(1);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Two significant digits, so that the eye compares magnitudes. */
function factor(value: number): string {
  return value < 10 ? value.toFixed(1) : whole(Number(value.toPrecision(2)));
}
