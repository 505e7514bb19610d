import { halfWay, hardlyAboveChance, wilson } from '@unpair/numerics';
import type { AccuracyRow } from './accuracy.js';

/** One answer of a model, or so many that are alike. */
export type Answer = Pick<AccuracyRow, 'label' | 'predicted'> & { readonly count?: number };

/** A model's answers, counted as they come in any order: do they say that it classifies at all? */
export class AnswerTally {
  readonly #classes = new Set<number>();
  #samples = 0;
  #correct = 0;

  add({ label, predicted, count = 1 }: Answer): void {
    this.#classes.add(label).add(predicted);
    this.#samples += count;
    if (label === predicted) this.#correct += count;
  }

  /**
   * What is said of a model that is hardly better than guessing, as a phrase behind its name: attacks on it, and through
   * it, say nothing. That is so below twice chance, where the 95 % interval ends below half way from chance to 1
   * as well: so few samples condemn nobody. Chance is one of the classes that occur among labels and answers.
   * @returns undefined for a model that classifies, and without answers
   */
  nearChance(): string | undefined {
    const [correct, samples, classes] = [this.#correct, this.#samples, this.#classes.size];
    if (samples === 0) return undefined;
    const { value, high } = wilson(correct, samples);
    if (value >= hardlyAboveChance(classes) || high >= halfWay(classes)) return undefined;
    return (
      `is right on ${correct} of ${samples} samples (${percent(value)}), hardly better than guessing among ${classes} ` +
      `classes (${percent(1 / classes)}): check its layout, preprocessing (range, channels, mean, std) and the order ` +
      'of its classes'
    );
  }
}

/** {@link AnswerTally.nearChance} of these answers. */
export function nearChance(answers: Iterable<Answer>): string | undefined {
  const tally = new AnswerTally();
  for (const answer of answers) tally.add(answer);
  return tally.nearChance();
}

const percent = (rate: number): string => `${(100 * rate).toFixed(1)} %`;
