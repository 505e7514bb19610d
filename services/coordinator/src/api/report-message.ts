import { ReportMessage } from '@unpair/protocol';

/** A report in JSON as the message that other languages have a type for. What the message has no field for is left out. */
export function asMessage(json: string): ReportMessage {
  type Partial = Parameters<typeof ReportMessage.fromPartial>[0];
  return ReportMessage.fromPartial(JSON.parse(json, field) as Partial);
}

/** What the values of enums begin with, by the field that has them. */
const enums: ReadonlyMap<string, string> = new Map([
  ['norm', 'NORM'],
  ['baseline', 'BASELINE'],
  ['bound', 'BOUND'],
  ['outcome', 'OUTCOME'],
  ['verdict', 'DEFENCE_VERDICT'],
  ['level', 'VERDICT_LEVEL'],
]);
const times = new Set(['started', 'finished']);

/** The fields whose form in messages differs: what is null in JSON is absent, words are of enums, times are no texts. */
function field(key: string, value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value === 'string') return times.has(key) ? new Date(value) : word(key, value);
  if (typeof value !== 'object') return value;
  if (key === 'parameters') return JSON.stringify(value);
  const { mean, ...estimate } = value as Readonly<Record<string, unknown>>;
  return withEnds(key === 'gradientCosine' ? { ...estimate, value: mean } : value);
}

/** `log10 queryRatio` of `outcome` is OUTCOME_LOG10_QUERY_RATIO. */
function word(key: string, value: string): string {
  const prefix = enums.get(key);
  if (prefix === undefined) return value;
  return `${prefix}_${value.replaceAll(/([a-z])([A-Z])/g, '$1_$2').replaceAll(' ', '_')}`.toUpperCase();
}

/** An interval that has no upper or no lower end lacks it in JSON, and so does a training that collapsed its figures. */
function withEnds(value: object): object {
  if ('step' in value) return { loss: NaN, accuracy: NaN, ...value };
  const isEstimate = 'value' in value && ('low' in value || 'high' in value);
  return isEstimate ? { low: -Infinity, high: Infinity, ...value } : value;
}
