import type { AttackRow } from '@unpair/attacks';

/** On how many samples a model's input gradients say nothing, or less than they should. */
export interface GradientHealth {
  readonly samples: number;
  /** Samples without a gradient: 0 everywhere. */
  readonly vanished: number;
  /** Samples where entries were no finite numbers, and counted as 0. */
  readonly invalid: number;
}

/** Share of the samples from which on what was measured along such gradients is no evidence of safety. */
const MOST_FAULTY = 0.1;
/** Share of the gradients of one sample that are 0 everywhere, from which on an attack had none to go by. */
const MOST_ZERO = 0.5;

type Counted = Pick<AttackRow, 'cleanCorrect' | 'surrogateQueries' | 'zeroGradients' | 'invalidGradients'>;

/** The surrogate's gradients, over the samples attacked. */
export function attackGradients(rows: readonly Counted[]): GradientHealth {
  const attacked = rows.filter(({ cleanCorrect }) => cleanCorrect);
  return gradientHealth(attacked, (row) => ({
    vanishes: row.zeroGradients > 0 && row.zeroGradients >= MOST_ZERO * row.surrogateQueries,
    invalid: row.invalidGradients > 0,
  }));
}

/** What samples show of a model's gradients, each as `of` says. */
export function gradientHealth<T>(
  rows: readonly T[],
  of: (row: T) => { readonly vanishes: boolean; readonly invalid: boolean },
): GradientHealth {
  return {
    samples: rows.length,
    vanished: rows.filter((row) => of(row).vanishes).length,
    invalid: rows.filter((row) => of(row).invalid).length,
  };
}

/** Whether what came of such gradients tests nothing: they vanish, or have NaN or infinite entries, on a tenth of the samples. */
export function lackGradients(health: GradientHealth): boolean {
  return doVanish(health) || isFaulty(health.invalid, health.samples);
}

/** Whether gradients are 0 everywhere on a tenth of the samples. */
export function doVanish({ samples, vanished }: GradientHealth): boolean {
  return isFaulty(vanished, samples);
}

/**
 * What is said of gradients, as a phrase behind whose they are: that they vanish, on a tenth of the samples at least, and
 * every NaN or infinite entry.
 * @returns undefined of those that are as they should be
 */
export function gradientFaults(health: GradientHealth): string | undefined {
  const of = (count: number): string => `on ${text(count)} of ${text(health.samples)} samples`;
  const phrases = [
    ...(doVanish(health) ? [`are 0 everywhere ${of(health.vanished)}`] : []),
    ...(health.invalid > 0 ? [`have NaN or infinite entries, which count as 0, ${of(health.invalid)}`] : []),
  ];
  return phrases.length === 0 ? undefined : phrases.join(', and ');
}

function isFaulty(count: number, samples: number): boolean {
  return count > 0 && count >= MOST_FAULTY * samples;
}

const text = (count: number): string => count.toLocaleString('en-US');
