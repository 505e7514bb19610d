import type { DefenceReport } from '../defence/types.js';
import type { Found } from './evidence.js';
import { FEW_SAMPLES } from './cautions.js';
import type { CureVerdict, Evidence, ExposureVerdict } from './types.js';

/** What to do after a verdict: what is wanting for a better one first, then what to publish. */
export function nextSteps(
  found: Found,
  evidence: readonly Evidence[],
  exposure: readonly ExposureVerdict[],
  cures: readonly CureVerdict[],
): readonly string[] {
  const { tasks, results } = found.integrity;
  if (results < tasks) return ['Let the campaign end: unpair run it again, or unpair retry what failed.'];
  return [
    ...wantedControls(evidence),
    ...wantedCures(exposure, cures),
    ...found.defence.flatMap(wantedTrial),
    ...toPublish(exposure, cures),
  ];
}

function wantedControls(evidence: readonly Evidence[]): readonly string[] {
  const siblings = evidence.filter(({ role }) => role !== 'stranger');
  const samples = siblings.flatMap(({ transfer, prior }) => [transfer?.samples, prior?.samples]);
  const isSmall = samples.some((count) => count !== undefined && count < FEW_SAMPLES);
  return [
    ...(siblings.length > 0 && siblings.length === evidence.length
      ? ['Add a stranger to the surrogates: any model of the same task that was trained on its own.']
      : []),
    ...(siblings.some(({ prior }) => prior !== null && prior.without === null)
      ? ['Add the search without a prior with the same budget: rgf beside p-rgf.']
      : []),
    ...(isSmall ? [`Attack more samples: four times as many halve the intervals.`] : []),
  ];
}

function wantedCures(exposure: readonly ExposureVerdict[], cures: readonly CureVerdict[]): readonly string[] {
  const targets = new Set(exposure.filter(isExposed).map(({ target }) => target));
  return [...targets]
    .filter((target) => !cures.some((cure) => cure.target === target))
    .map(
      (target) =>
        `Before publishing, try a sibling that is unpaired from ${target}: docs/unpairing.md, "unpair: { of: ${target} }".`,
    );
}

/** A defence that held so far is proven only by those who know of it. */
function wantedTrial({ surrogate, adaptive, verdict }: DefenceReport): readonly string[] {
  if (verdict !== null || adaptive.length > 0) return [];
  return [`Let attackers who know of ${surrogate} try it: "adaptive: true" on its unpair entry.`];
}

function toPublish(exposure: readonly ExposureVerdict[], cures: readonly CureVerdict[]): readonly string[] {
  const fallen = cures.filter(({ level }) => level === 'fails').map(({ surrogate }) => surrogate);
  const standing = cures.filter(({ level }) => level === 'stands').map(({ surrogate }) => surrogate);
  if (standing.length > 0) return [`Publish ${standing.join(' or ')}.`];
  if (fallen.length > 0) {
    return [
      `Do not rely on ${fallen.join(' or ')}: docs/unpairing.md says which ways stood up, a sibling with weights of its own first.`,
    ];
  }
  const isSafe = exposure.length > 0 && !exposure.some(isExposed) && cures.length === 0;
  return isSafe && exposure.every(({ level }) => level !== 'unknown')
    ? ['Nothing was found that speaks against publishing; stronger attacks may find more.']
    : [];
}

function isExposed({ level }: ExposureVerdict): boolean {
  return level === 'given away' || level === 'helps';
}
