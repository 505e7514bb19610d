import type { Campaign } from '../../campaign.js';
import { count, threat } from '../terminal/format.js';
import { cautionsOf } from './cautions.js';
import { cureVerdict } from './cure.js';
import type { Found } from './evidence.js';
import { evidenceOf } from './evidence.js';
import { bySeverity, exposureVerdict } from './exposure.js';
import { nextSteps } from './next-steps.js';
import type { Verdict } from './types.js';

/** What a report comes to, in plain words. docs/verdict.md has the rule. */
export function buildVerdict(campaign: Campaign, found: Found): Verdict {
  const evidence = evidenceOf(campaign, found);
  const strangers = evidence.filter(({ role }) => role === 'stranger');
  const siblings = evidence.filter(({ role }) => role === 'sibling');
  const exposure = siblings.map((entry) =>
    exposureVerdict(
      entry,
      strangers.filter(({ target }) => target === entry.target),
    ),
  );
  const cures = found.defence.map((defence) => cureVerdict(defence, evidence));
  return {
    asked: question(campaign),
    exposure: bySeverity(exposure),
    cures,
    cautions: cautionsOf(campaign, found, evidence),
    next: nextSteps(found, evidence, exposure, cures),
    evidence,
  };
}

function question({ targets, threat: { norm, epsilons, goal }, dataset }: Campaign): string {
  const names = targets.map(({ model }) => model).join(', ');
  const ends = epsilons.map((epsilon) => threat(norm, epsilon)).join(' or ');
  const means = norm === 'linf' ? `change each pixel by ${ends}` : `move an image by ${ends}`;
  const aim = goal === 'avoid' ? '' : ` to reach class ${String(goal.reach)}`;
  return `What does publishing a sibling give an attacker of ${names} who may ${means}${aim}? Tried on ${count(dataset.samples)} samples of ${lastPart(dataset.source)}.`;
}

/** A path without its folders, a name as it is. */
function lastPart(source: string): string {
  return source.replace(/\/+$/, '').split('/').at(-1) ?? source;
}
