import type { Campaign } from '../campaign.js';
import { isSibling } from '../campaign.js';
import { areStrangers } from '../derivation.js';
import type { Cell } from '../plan.js';
import { withoutPrior } from '../report/amplification.js';
import { FEW_SAMPLES, onlyStrangers } from '../report/verdict/cautions.js';

/** What a campaign leaves out without which its verdict says less: a sentence for each, with what mends it. */
export function missingControls(campaign: Campaign, cells: readonly Cell[]): readonly string[] {
  return [
    ...siblings(campaign),
    ...strangers(campaign),
    ...searches(cells.filter(({ adaptive }) => !adaptive)),
    ...samples(cells),
    ...adaptiveAttackers(campaign),
  ];
}

function siblings({ models, targets, surrogates }: Campaign): readonly string[] {
  const lacking = targets.filter(({ model }) =>
    surrogates.every((surrogate) => areStrangers(models, surrogate, model)),
  );
  return surrogates.length === 0 ? [] : lacking.map(({ model }) => onlyStrangers(model));
}

function strangers({ models, targets, surrogates }: Campaign): readonly string[] {
  if (surrogates.length === 0) return [];
  const lacking = targets.filter(
    ({ model }) => !surrogates.some((surrogate) => areStrangers(models, surrogate, model)),
  );
  return lacking.map(
    ({ model }) =>
      `No surrogate is a stranger to ${model}: add a model that was trained on its own, or what any model gives away is not told apart.`,
  );
}

function searches(cells: readonly Cell[]): readonly string[] {
  const priors = cells.filter(({ surrogate, withoutPrior: base }) => surrogate !== null && base !== null);
  const [lacking] = priors.filter((cell) => withoutPrior(cell, cells).length === 0);
  if (lacking !== undefined)
    return [
      `${lacking.attack} has no ${lacking.withoutPrior ?? ''} of the same budget (${lacking.budget}) beside it: what a prior saves is not told.`,
    ];
  const usesSurrogates = cells.some(({ surrogate }) => surrogate !== null);
  return usesSurrogates && priors.length === 0
    ? [
        'No attack searches with a surrogate as prior: add rgf and p-rgf, or queries that a sibling saves are not told.',
      ]
    : [];
}

function samples(cells: readonly Cell[]): readonly string[] {
  const [fewest] = [...cells].sort((a, b) => a.samples - b.samples);
  if (fewest === undefined || fewest.samples >= FEW_SAMPLES) return [];
  const tells = `${FEW_SAMPLES} tell differences of about ten points, ten times as many three`;
  return [`${fewest.attack} is tried on ${fewest.samples} samples, which leaves wide intervals: ${tells}.`];
}

function adaptiveAttackers({ models }: Campaign): readonly string[] {
  return [...models].flatMap(([name, entry]) =>
    isSibling(entry) && entry.adaptive === false && entry.generated !== true
      ? [`Nobody who knows of ${name} tries it: "adaptive: true" on its entry adds them.`]
      : [],
  );
}
