import type { Campaign } from '../../campaign.js';
import { count, threat } from '../terminal/format.js';
import type { Provenance } from '../report.js';
import type { Found } from './evidence.js';
import type { Evidence } from './types.js';

/** Fewer samples than these leave intervals so wide that only large differences show. */
export const FEW_SAMPLES = 100;

/** Every reason to trust the verdict less, the gravest first. */
export function cautionsOf(
  campaign: Campaign,
  found: Found,
  evidence: readonly Evidence[],
): readonly string[] {
  return [
    ...unfinished(found),
    ...found.models.flatMap(({ id, failure, nearChance }) => [
      ...(failure === null ? [] : [`${id} was not made: ${failure.replace(/\.$/, '')}.`]),
      ...(nearChance === null ? [] : [`${id} ${nearChance}.`]),
    ]),
    ...found.warnings,
    ...controls(campaign, found, evidence),
    ...hiddenMedians(found),
    ...fewSamples(evidence),
    ...mixtureSentences(found.provenance),
  ];
}

function unfinished({ integrity }: Found): readonly string[] {
  const { tasks, results, failed, deadLetters, cancelled } = integrity;
  const lost = failed + deadLetters + cancelled;
  if (results >= tasks) return [];
  const why = lost > 0 ? `${count(lost)} of the others failed or were given up` : 'it has not ended';
  return [`Only ${count(results)} of ${count(tasks)} tasks have results: ${why}.`];
}

/** What a reader would want to compare with, and the campaign does not have. */
function controls(
  { attacks }: Campaign,
  { amplification }: Found,
  evidence: readonly Evidence[],
): readonly string[] {
  const siblings = evidence.filter(({ role }) => role !== 'stranger');
  const lacksStranger = siblings.length > 0 && evidence.every(({ role }) => role !== 'stranger');
  const targets = [...new Set(evidence.map(({ target }) => target))];
  const priors = siblings.flatMap(({ prior }) => (prior === null ? [] : [prior]));
  const lacksBaseline = priors.length > 0 && amplification.every(({ baseline }) => baseline !== 'none');
  return [
    ...(siblings.length === 0 ? targets.map(onlyStrangers) : []),
    ...(lacksStranger
      ? ['No stranger was tried: what any model of this task gives an attacker is not told apart.']
      : []),
    ...(lacksBaseline
      ? ['No search without a prior was made with the same budget: what a prior saves is not known.']
      : []),
    ...(attacks.length > 0 && siblings.length > 0 && priors.length === 0
      ? ['No search with a prior was made: queries that a sibling saves are not known.']
      : []),
  ];
}

/** Said where no verdict can be, for all that is attacked through came from elsewhere. */
export function onlyStrangers(target: string): string {
  return `All that ${target} is attacked through counts as a stranger: "of: ${target}" beside the file of a sibling says that it was made of it, and the verdict is then about it.`;
}

/** Searches of whose samples more than half failed within the budget. */
function hiddenMedians({ attacks }: Found): readonly string[] {
  const hidden = attacks.filter(
    ({ queries, adaptive }) =>
      !adaptive && queries !== null && queries.medianAll !== null && queries.medianAll >= queries.budget,
  );
  const [first] = hidden;
  if (first?.queries === undefined || first.queries === null) return [];
  const { attack, norm, epsilon, surrogate, queries } = first;
  const through = surrogate === null ? '' : ` through ${surrogate}`;
  const others = hidden.length === 1 ? '' : `, as of ${count(hidden.length - 1)} more`;
  return [
    `The budget of ${count(queries.budget)} queries hides the median of ${attack}${through} at ε ${threat(norm, epsilon)}${others}: ratios with it are bounds.`,
  ];
}

function fewSamples(evidence: readonly Evidence[]): readonly string[] {
  const counts = evidence.flatMap(({ transfer, prior }) => [
    ...(transfer === null ? [] : [transfer.samples]),
    ...(prior === null ? [] : [prior.samples]),
  ]);
  const least = Math.min(...counts);
  if (least >= FEW_SAMPLES) return [];
  return [`Some figures are of ${count(least)} samples: read their intervals, which are wide.`];
}

/** What is said where results came from several runtimes or devices. */
export function mixtureSentences({ runtime }: Provenance): readonly string[] {
  if (runtime.length < 2) return [];
  return [
    `Results come from ${runtime.length} runtimes or devices (${runtime.join('; ')}): a repetition has the same bits only on one.`,
  ];
}
