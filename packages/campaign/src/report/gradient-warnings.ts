import { doVanish, gradientFaults, SIMILARITY_INPUTS } from '@unpair/measurements';
import type { GradientHealth, SimilarityInputs } from '@unpair/measurements';
import type { Cell } from '../plan.js';
import { usesQueries } from '../plan.js';
import type { Surrogate } from '../surrogate.js';
import { onlyModelOf } from '../surrogate.js';
import type { AttackReport, SimilarityReport } from './report.js';
import { threat } from './terminal/format.js';

/** A cell with rows, and what they came to. */
export interface Attacked {
  readonly cell: Cell;
  readonly report: AttackReport;
}

/**
 * A sentence for each surrogate and attack whose gradients vanished, or had NaN or infinite entries, and what that
 * means: at the epsilon and parameters where it was worst. Then one for each model of a pair that similarity compares.
 */
export function gradientWarnings(
  attacked: readonly Attacked[],
  similarity: readonly SimilarityReport[],
): readonly string[] {
  const worst = new Map<string, Faulty>();
  for (const { cell, report } of attacked) {
    const faulty = faultyOf(cell, report);
    if (faulty === undefined) continue;
    const key = JSON.stringify([faulty.surrogate.models, cell.attack]);
    const known = worst.get(key);
    if (known === undefined || severity(faulty.health) > severity(known.health)) worst.set(key, faulty);
  }
  return [...[...worst.values()].map(attackSentence), ...similarity.flatMap(similaritySentences)];
}

/** Whose gradients an attack goes by: of an ensemble, those of the member with most faults are counted. */
export function gradientsOf(surrogate: string, isOneModel: boolean): string {
  return `the gradients of ${isOneModel ? '' : 'a member of '}${surrogate}`;
}

interface Faulty {
  readonly cell: Cell;
  readonly surrogate: Surrogate;
  readonly health: GradientHealth;
  readonly faults: string;
}

function faultyOf(cell: Cell, { gradients: health }: AttackReport): Faulty | undefined {
  const { surrogate } = cell;
  if (surrogate === null || health === null) return undefined;
  const faults = gradientFaults(health);
  return faults === undefined ? undefined : { cell, surrogate, health, faults };
}

/** Shares of faulty samples: gradients that vanish before those with NaN or infinite entries. */
function severity({ samples, vanished, invalid }: GradientHealth): number {
  return samples === 0 ? 0 : (vanished + invalid / (samples + 1)) / samples;
}

function attackSentence({ cell, surrogate, health, faults }: Faulty): string {
  const { attack, norm, epsilon } = cell;
  const isOneModel = onlyModelOf(surrogate) !== undefined;
  const whose = `${gradientsOf(surrogate.name, isOneModel)} that ${attack} went by at ε ${threat(norm, epsilon)}`;
  return `${capitalized(whose)} ${faults}: ${meaningOf(cell, surrogate, health)}.`;
}

function meaningOf(cell: Cell, surrogate: Surrogate, health: GradientHealth): string {
  const vanish = doVanish(health);
  if (onlyModelOf(surrogate) === undefined) {
    return `what it adds to the others is ${vanish ? 'not' : 'only in part'} measured there`;
  }
  if (usesQueries(cell)) {
    return vanish
      ? 'as a prior it says nothing there, so that saving no queries is no evidence of safety'
      : 'what it saves as a prior is a lower bound there, and no evidence of safety';
  }
  return vanish
    ? 'transfer through it measures nothing there, so that a success rate near 0 % is no evidence of safety'
    : 'transfer through it is a lower bound there, and no evidence of safety';
}

/** One sentence for each of the two models whose gradients lack something, on the inputs where it is worst. */
function similaritySentences(pair: SimilarityReport): readonly string[] {
  const { surrogate, target } = pair;
  const measured = { clean: pair, noised: pair.noised, adversarial: pair.adversarial };
  const sentenceOf = (side: 'surrogate' | 'target', name: string, other: string): readonly string[] => {
    const [worst] = SIMILARITY_INPUTS.flatMap((inputs) => {
      const health = measured[inputs]?.gradients[side];
      return health === undefined ? [] : [{ inputs, health }];
    }).sort((a, b) => severity(b.health) - severity(a.health));
    return worst === undefined ? [] : comparedSentence(worst, name, other);
  };
  return [...sentenceOf('surrogate', surrogate, target), ...sentenceOf('target', target, surrogate)];
}

function comparedSentence(
  { inputs, health }: { readonly inputs: SimilarityInputs; readonly health: GradientHealth },
  name: string,
  other: string,
): readonly string[] {
  const faults = gradientFaults(health);
  if (faults === undefined) return [];
  const cosine = `their cosine to those of ${other} counts as 0 there, which says nothing of how alike the models are`;
  const meaning = doVanish(health)
    ? cosine
    : `the models may be more alike than their cosine to those of ${other} says`;
  return [`The gradients of ${name} ${faults} (${inputs}): ${meaning}.`];
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
