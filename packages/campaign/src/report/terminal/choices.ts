import type { AttackReport } from '../report.js';
import { count, threat } from './format.js';

/** What a trial chose, of what, and at what price: a sentence, or none for an attack that the file names. */
export function choiceSentences(report: AttackReport): readonly string[] {
  const { attack, target, surrogate, norm, epsilon, choice } = report;
  if (choice === null) return [];
  const { chosen, tried, queries } = choice;
  const through = surrogate === null ? '' : ` through ${surrogate}`;
  const outcomes = tried.map((one) => `${one.attack} ${one.successes}`).join(', ');
  const samples = Math.max(0, ...tried.map((one) => one.samples));
  return [
    `${attack} on ${target}${through} at ε ${threat(norm, epsilon)} is ${chosen}: of ${count(samples)} samples of its trial ` +
      `fell to ${outcomes}, by ${count(queries)} queries together.`,
  ];
}
