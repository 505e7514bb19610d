/** A ratio beside what it should be. */
export interface Verdict {
  readonly value: number;
  readonly target: number;
  readonly met: boolean;
}

export function atLeast(target: number, value: number): Verdict {
  return { value, target, met: value >= target };
}

export function atMost(target: number, value: number): Verdict {
  return { value, target, met: value <= target };
}

/** `met` or `missed`, for tables. */
export function metWord({ met }: Verdict): string {
  return met ? 'met' : 'missed';
}
