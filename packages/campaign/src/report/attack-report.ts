import type { AttackRow, Choice } from '@unpair/attacks';
import { offerText } from '@unpair/attacks';
import { attackGradients } from '@unpair/measurements';
import type { Cell } from '../plan.js';
import { usesQueries } from '../plan.js';
import { meanOf, rate } from './estimates.js';
import type { Draw } from './draws.js';
import type { Outcome } from './outcomes.js';
import type { CellCosts } from './query-report.js';
import type { AttackReport } from './report.js';

/** Summarises the rows of one cell, of which `outcomes` are those attacked; `seed` is the bootstrap's. */
export async function attackReport(
  cell: Cell,
  rows: readonly AttackRow[],
  outcomes: readonly Outcome[],
  { seed, draw, choice }: { readonly seed: number; readonly draw: Draw; readonly choice: Choice | undefined },
): Promise<AttackReport> {
  const { id, target, offer, surrogate, attack, parameters, norm, epsilon, goal, adaptive } = cell;
  const attacked = rows.filter((row) => row.cleanCorrect);
  return {
    cell: id,
    target,
    access: offerText(offer),
    surrogate: surrogate?.name ?? null,
    attack,
    parameters,
    norm,
    epsilon,
    goal: goal === 'avoid' ? null : goal,
    adaptive,
    samples: attacked.length,
    evaluated: rows.length,
    choice: choice === undefined ? null : { ...choice, queries: queriesOf(choice) },
    success: successRate(attacked),
    successBoth: surrogate === null ? null : successBoth(attacked),
    successRounded: rate(attacked.filter((row) => row.successRounded).length, attacked.length),
    queries: usesQueries(cell) ? await draw('queries', costsOf(outcomes, cell.budget, seed)) : null,
    surrogateQueries: meanOf(attacked.map((row) => row.surrogateQueries)),
    gradients: surrogate === null ? null : attackGradients(rows),
    distortion: distortionOf(attacked.filter((row) => row.success)),
  };
}

function queriesOf({ tried }: Choice): number {
  return tried.reduce((sum, { queries }) => sum + queries, 0);
}

function costsOf(outcomes: readonly Outcome[], budget: number, seed: number): CellCosts {
  const successes = outcomes.filter(({ success }) => success);
  const cost = (outcome: Outcome): number => outcome.cost;
  return {
    successes: Float64Array.from(successes, cost),
    all: Float64Array.from(outcomes, cost),
    budget,
    seed,
  };
}

function successRate(attacked: readonly AttackRow[]): AttackReport['success'] {
  return rate(attacked.filter((row) => row.success).length, attacked.length);
}

function successBoth(attacked: readonly AttackRow[]): AttackReport['successBoth'] {
  const both = attacked.filter((row) => row.surrogateCorrect);
  const estimate = successRate(both);
  return estimate === null ? null : { ...estimate, samples: both.length };
}

function distortionOf(successes: readonly AttackRow[]): AttackReport['distortion'] {
  const linf = meanOf(successes.map((row) => row.linf));
  const l2 = meanOf(successes.map((row) => row.l2));
  return linf === null || l2 === null ? null : { linf, l2 };
}
