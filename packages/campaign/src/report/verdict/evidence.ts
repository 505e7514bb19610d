import { doVanish } from '@unpair/measurements';
import type { Campaign } from '../../campaign.js';
import { isSibling } from '../../campaign.js';
import { canonicalJson } from '../../canonical-json.js';
import { areStrangers } from '../../derivation.js';
import type { Surrogate } from '../../surrogate.js';
import { onlyModelOf } from '../../surrogate.js';
import { agreement } from '../amplification.js';
import type { AmplificationReport, AttackReport, Report } from '../report.js';
import type { Evidence, PriorEvidence, TransferEvidence } from './types.js';

/** A report that wants nothing but its verdict. */
export type Found = Omit<Report, 'verdict'>;

/**
 * For each target and each single model that it is attacked through, the attacks of the file that come furthest, at the
 * smallest epsilon: there the help that a surrogate gives shows best. An attacker takes the best attack, so each surrogate is
 * judged by its own.
 */
export function evidenceOf(campaign: Campaign, found: Found): readonly Evidence[] {
  const epsilon = Math.min(...campaign.threat.epsilons);
  const { norm } = campaign.threat;
  return campaign.targets.flatMap(({ model: target }) =>
    publishedSurrogates(campaign, target).map((surrogate) => {
      const isOwn = (row: AttackReport | AmplificationReport): boolean =>
        row.target === target && row.surrogate === surrogate.name && row.epsilon === epsilon;
      const attacks = found.attacks.filter((row) => !row.adaptive && isOwn(row));
      const compared = found.amplification.filter(isOwn);
      const model = found.models.find(({ id }) => id === surrogate.name);
      return {
        ...{ target, surrogate: surrogate.name, norm, epsilon },
        role: roleOf(campaign, surrogate, target),
        accuracy: model?.accuracy ?? null,
        gradientCosine: cosineOf(found, surrogate.name, target),
        transfer: transferEvidence(attacks, compared, found),
        prior: priorEvidence(attacks, compared, found),
      };
    }),
  );
}

/** The surrogates that are one published model each, and not the target itself nor an attacker's copy of it. */
function publishedSurrogates({ models, surrogates }: Campaign, target: string): readonly Surrogate[] {
  return surrogates.filter((surrogate) => {
    const name = onlyModelOf(surrogate);
    const entry = models.get(name ?? '');
    if (entry === undefined || name === target) return false;
    return !isSibling(entry) || entry.maker !== 'attacker';
  });
}

function cosineOf({ similarity }: Found, surrogate: string, target: string): number | null {
  const pair = similarity.find((entry) => entry.surrogate === surrogate && entry.target === target);
  return pair?.gradientCosine.mean ?? null;
}

function roleOf({ models, adaptive }: Campaign, surrogate: Surrogate, target: string): Evidence['role'] {
  if (adaptive.defences.some((defence) => defence.sibling === surrogate.name && defence.target === target)) {
    return 'cure';
  }
  return areStrangers(models, surrogate, target) ? 'stranger' : 'sibling';
}

function transferEvidence(
  attacks: readonly AttackReport[],
  compared: readonly AmplificationReport[],
  found: Found,
): TransferEvidence | null {
  const tried = attacks.filter(({ queries, success }) => queries === null && success !== null);
  const [best] = tried.sort((a, b) => (b.success?.value ?? 0) - (a.success?.value ?? 0));
  if (best?.success === undefined || best.success === null) return null;
  const strangers = baselines(compared, best, 'stranger');
  const ofStranger = strangers.map((row) => ({
    surrogate: row.baselineSurrogate ?? '',
    success: baselineAttack(row, found)?.success ?? null,
    ratio: row.successRatio,
  }));
  const [stranger = null] = ofStranger.sort((a, b) => (b.success?.value ?? 0) - (a.success?.value ?? 0));
  return {
    ...{ attack: best.attack, samples: best.samples, success: best.success, stranger },
    blind: best.gradients !== null && doVanish(best.gradients),
  };
}

function priorEvidence(
  attacks: readonly AttackReport[],
  compared: readonly AmplificationReport[],
  found: Found,
): PriorEvidence | null {
  const cost = ({ queries }: AttackReport): number => queries?.medianAll ?? Infinity;
  const tried = attacks.filter((attack) => Number.isFinite(cost(attack)));
  const [best] = tried.sort((a, b) => cost(a) - cost(b) || (b.success?.value ?? 0) - (a.success?.value ?? 0));
  if (best?.queries?.medianAll === undefined || best.queries.medianAll === null) return null;
  const { attack, samples, queries, gradients } = best;
  return {
    ...{ attack, samples, budget: queries.budget, medianQueries: best.queries.medianAll },
    medianInterval: queries.medianAllInterval,
    without: withoutEvidence(baselines(compared, best, 'none')[0], found),
    stranger: strangerEvidence(baselines(compared, best, 'stranger'), found),
    blind: gradients !== null && doVanish(gradients),
  };
}

function withoutEvidence(row: AmplificationReport | undefined, found: Found): PriorEvidence['without'] {
  if (row === undefined) return null;
  const medianQueries = baselineAttack(row, found)?.queries?.medianAll ?? null;
  return { attack: row.baselineAttack, medianQueries, fewer: row.queryRatio };
}

function strangerEvidence(rows: readonly AmplificationReport[], found: Found): PriorEvidence['stranger'] {
  const strangers = rows.map((row) => {
    const attack = baselineAttack(row, found);
    const overNone = attack === undefined ? [] : baselines(found.amplification, attack, 'none');
    return {
      surrogate: row.baselineSurrogate ?? '',
      medianQueries: attack?.queries?.medianAll ?? null,
      fewer: row.queryRatio,
      strangerFewer: overNone[0]?.queryRatio ?? null,
    };
  });
  const [best = null] = strangers.sort(
    (a, b) => (a.medianQueries ?? Infinity) - (b.medianQueries ?? Infinity),
  );
  return best;
}

/** The comparisons of one attack, at its parameters, with a kind of baseline. */
function baselines(
  amplification: readonly AmplificationReport[],
  attack: AttackReport,
  kind: AmplificationReport['baseline'],
): readonly AmplificationReport[] {
  return amplification.filter((row) => row.baseline === kind && isSameAttack(row, attack));
}

/** The attack that a comparison has for its baseline: of a search without prior the one that the plan chose. */
function baselineAttack(row: AmplificationReport, { attacks }: Found): AttackReport | undefined {
  const { baselineAttack: attack, baselineSurrogate: surrogate } = row;
  const candidates = attacks.filter(
    (other) =>
      other.attack === attack &&
      other.surrogate === surrogate &&
      other.target === row.target &&
      other.epsilon === row.epsilon &&
      !other.adaptive,
  );
  return candidates.sort((a, b) => agreement(b, row) - agreement(a, row))[0];
}

function isSameAttack(row: AmplificationReport, other: AttackReport): boolean {
  return (
    row.attack === other.attack &&
    row.target === other.target &&
    row.surrogate === other.surrogate &&
    row.epsilon === other.epsilon &&
    canonicalJson(row.parameters) === canonicalJson(other.parameters)
  );
}
