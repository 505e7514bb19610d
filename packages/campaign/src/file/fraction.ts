const FRACTION = /^\s*(\d+(?:\.\d+)?)\s*\/\s*(\d+(?:\.\d+)?)\s*$/;

/** Reads a number or a fraction such as `8/255`; undefined when it is neither, or not finite. */
export function readAmount(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  const match = typeof value === 'string' ? FRACTION.exec(value) : null;
  if (match === null) return undefined;
  const amount = Number(match[1]) / Number(match[2]);
  return Number.isFinite(amount) ? amount : undefined;
}
