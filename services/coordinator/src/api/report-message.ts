import { ReportMessage } from '@unpair/protocol';

/** A report in JSON as the message that other languages have a type for. What the message has no field for is left out. */
export function asMessage(json: string): ReportMessage {
  type Partial = Parameters<typeof ReportMessage.fromPartial>[0];
  return ReportMessage.fromPartial(JSON.parse(json, field) as Partial);
}

const enums = new Set(['norm', 'baseline', 'bound']);
const times = new Set(['started', 'finished']);

/** The fields whose form in messages differs: what is null in JSON is absent, words are of enums, times are no texts. */
function field(key: string, value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value === 'string') {
    if (times.has(key)) return new Date(value);
    return enums.has(key) ? `${key}_${value}`.toUpperCase() : value;
  }
  if (typeof value !== 'object') return value;
  const { mean, high } = value as { mean?: unknown; high?: unknown };
  if (key === 'parameters') return JSON.stringify(value);
  if (key === 'gradientCosine') return { ...value, value: mean };
  // Its interval may have no upper end.
  return key === 'successRatio' ? { ...value, high: high ?? Infinity } : value;
}
