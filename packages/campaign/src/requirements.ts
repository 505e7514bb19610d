import { maskedModels } from './adaptive/defences.js';
import type { Campaign, ModelEntry } from './campaign.js';
import { isDerived } from './derivation.js';
import { pairsOf } from './pairs.js';

/** What a campaign asks of a model: `answers` to inputs, or also `gradients`, for which its file has to be at hand. */
type Requirement = 'answers' | 'gradients';

/**
 * What a campaign asks of each of its models, by name, in the one place that says so: attacks want answers of a target and
 * gradients of what they go through; what compares two models wants those of both; what makes one of another may train
 * it. A model that cannot be differentiated will do where only answers are asked, as would a target behind an endpoint.
 */
export function requirementsOf(campaign: Campaign): ReadonlyMap<string, Requirement> {
  const { models, surrogates, adaptive } = campaign;
  const through = [...surrogates, ...adaptive.attacks.map(({ surrogate }) => surrogate)];
  const differentiated = new Set([
    ...through.flatMap((surrogate) => surrogate.models),
    ...pairsOf(campaign).flatMap(({ surrogate, target }) => [...surrogate.models, target]),
    ...maskedModels(adaptive),
    ...[...models.values()].flatMap(trainedWith),
  ]);
  const names = [...models.keys()];
  return new Map(names.map((name) => [name, differentiated.has(name) ? 'gradients' : 'answers']));
}

/** What a campaign leaves out, for lack of weights and gradients of models behind endpoints: a sentence for each of them. */
export function leftOutOf({ models, adaptive }: Campaign): readonly string[] {
  return [...models].flatMap(([name, model]) => {
    if (model.kind !== 'endpoint') return [];
    const isDefended = adaptive.defences.some(({ target }) => target === name);
    const other = isDefended ? ', and the attacks through it on its siblings,' : '';
    return [
      `${name} is behind an endpoint, which gives no gradients: its similarity to others${other} is left out.`,
    ];
  });
}

/** The models whose weights or gradients the making of one takes: who imitates another only asks it. */
function trainedWith(model: ModelEntry): readonly string[] {
  if (!isDerived(model)) return [];
  return model.from === undefined || model.relation === 'imitates' ? [model.of] : [model.of, model.from];
}
