import { InvalidArgumentError } from 'commander';

const SECONDS = { s: 1, m: 60, h: 3_600 } as const;

/** Reads `90s`, `45m` or `2h` as seconds. */
export function timeSpan(text: string): number {
  const [, amount, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  const seconds = Number(amount) * SECONDS[(unit ?? 's') as keyof typeof SECONDS];
  if (seconds > 0) return seconds;
  throw new InvalidArgumentError('It must be a time such as 90s, 45m or 2h.');
}
