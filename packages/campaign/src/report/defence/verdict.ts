import { gradientFaults, lackGradients } from '@unpair/measurements';
import type { GradientHealth } from '@unpair/measurements';
import type { Campaign } from '../../campaign.js';
import { isSibling } from '../../campaign.js';
import { gradientsOf } from '../gradient-warnings.js';
import { count, percent, share, threat } from '../terminal/format.js';
import type { AdaptiveReport, DefenceReport, ExposureReport, Level, MaskingChecks } from './types.js';

/** The parts of a defence's entry that it is judged by. */
export type Judged = Omit<DefenceReport, 'failed' | 'untested' | 'missing' | 'verdict'>;

/**
 * A defence's entry with its verdict. It stands where attackers who know of it were held against strangers, nothing failed,
 * nothing is missing, and everything that tried it had gradients to go by.
 * @param missing attacks and checks of the plan without results
 */
export function judge(judged: Judged, missing: number, models: Campaign['models']): DefenceReport {
  const failed = failuresOf(judged, models);
  const untested = untestedOf(judged, models);
  const isTried = judged.adaptive.some(({ beats }) => beats !== null);
  const stands = isTried && missing === 0 && untested.length === 0 ? 'stands' : null;
  return { ...judged, failed, untested, missing, verdict: failed.length > 0 ? 'fails' : stands };
}

/** A sentence for each attack that beats the strangers, and for each sign of masked gradients. */
function failuresOf(judged: Judged, models: Campaign['models']): readonly string[] {
  const { surrogate, target, exposure, adaptive, masking } = judged;
  const beating = <T extends AttemptReport>(tried: readonly T[]): readonly T[] =>
    tried.filter(({ beats }) => beats === true);
  const sentences = [
    ...beating(exposure).map((tried) => ({ tried, sentence: plainSentence(tried, surrogate, target) })),
    ...beating(adaptive).map((tried) => ({ tried, sentence: adaptiveSentence(tried, judged, models) })),
  ];
  return [...onceEach(sentences, judged), ...maskingSentences(masking)];
}

/** A sentence for each attack, and for the checks for masked gradients, that had no gradients to go by. */
function untestedOf(judged: Judged, models: Campaign['models']): readonly string[] {
  const { surrogate, exposure, adaptive, masking } = judged;
  const lackOf = (health: GradientHealth | null, name: string): readonly string[] => {
    if (health === null || !lackGradients(health)) return [];
    return [`${gradientsOf(name, models.has(name))} ${gradientFaults(health) ?? ''}`];
  };
  const lackAt = (tried: AttemptReport, name: string, prefix: string): readonly Said[] => {
    const { attack, norm, epsilon, stranger, beats } = tried;
    const own = lackOf(tried.gradients, name);
    const other = beats === null && stranger !== null ? lackOf(stranger.gradients, stranger.surrogate) : [];
    const [lack] = [...own, ...other.map((words) => `it came further, but ${words}`)];
    return lack === undefined
      ? []
      : [{ tried, sentence: `${prefix}${attack} at ε ${threat(norm, epsilon)}: ${lack}` }];
  };
  const sentences = [
    ...exposure.flatMap((tried) => lackAt(tried, surrogate, '')),
    ...adaptive.flatMap((tried) => lackAt(tried, tried.surrogate, `${tried.attacker}: `)),
  ];
  const unmasked = lackOf(masking?.gradients ?? null, surrogate).map((lack) => `masking: ${lack}`);
  return [...onceEach(sentences, judged), ...unmasked];
}

type AttemptReport = ExposureReport | AdaptiveReport;

/** What is said of an attack. */
interface Said {
  readonly tried: AttemptReport;
  readonly sentence: string;
}

/** What is said of attacks: once of a plain attack of the file that is an adaptive one as well. */
function onceEach(sentences: readonly Said[], { surrogate, target }: Judged): Iterable<string> {
  const keyOf = (tried: AttemptReport): string => {
    const { attack, norm, epsilon, parameters } = tried;
    const through = 'attacker' in tried ? [tried.target, tried.surrogate] : [target, surrogate];
    return JSON.stringify([attack, norm, epsilon, Object.entries(parameters).sort(), through]);
  };
  return new Map(sentences.map(({ tried, sentence }) => [keyOf(tried), sentence])).values();
}

function plainSentence(tried: ExposureReport, surrogate: string, target: string): string {
  return achieved({ ...tried, ...tried.after, surrogate, target });
}

function adaptiveSentence(
  tried: AdaptiveReport,
  { surrogate, target }: Judged,
  models: Campaign['models'],
): string {
  if (tried.attacker === 'from-target') {
    return `${tried.attacker}: ${achieved(tried)}: the gradients of ${surrogate} hide what it shares with ${target}`;
  }
  const entry = models.get(tried.surrogate);
  const isImitation = entry !== undefined && isSibling(entry) && entry.maker === 'attacker';
  const spent = isImitation ? ` after ${count(tried.imitationQueries)} queries` : '';
  return `${tried.attacker}${spent}: ${achieved(tried)}`;
}

type Achieved = Level &
  Pick<AdaptiveReport, 'attack' | 'norm' | 'epsilon' | 'surrogate' | 'target' | 'stranger'>;

function achieved(tried: Achieved): string {
  const { attack, norm, epsilon, surrogate, target, stranger, medianQueries } = tried;
  const who = `${attack} at ε ${threat(norm, epsilon)} through ${surrogate}`;
  const other = stranger?.surrogate ?? '';
  if (medianQueries !== null && stranger?.censored !== true) {
    const theirs = count(stranger?.medianQueries ?? null);
    return `${who} takes ${count(medianQueries)} queries in the median, against ${theirs} through ${other}${savings(tried)}`;
  }
  const within = medianQueries === null ? '' : ` within ${count(stranger?.medianQueries ?? null)} queries`;
  return `${who} fools ${target} on ${percent(tried.success)} of samples${within}, against ${percent(stranger?.success ?? null)} for ${other}`;
}

/** What part that is of the queries without prior, where a search without prior was made. */
function savings({ queryRatio, stranger }: Achieved): string {
  const theirs = stranger?.queryRatio ?? null;
  if (queryRatio === null || theirs === null) return '';
  return ` (${share(queryRatio.value)} of those without prior, against ${share(theirs.value)})`;
}

function maskingSentences(checks: MaskingChecks | null): readonly string[] {
  if (checks === null) return [];
  const { unboundedAttack, randomSearchOnly, lossRises } = checks;
  const sentences = [
    [unboundedAttack, `an attack without bound succeeds on`, 'at least'],
    [randomSearchOnly, `random search alone breaks`, 'at most'],
    [lossRises, `the loss rises along the gradient on`, 'at least'],
  ] as const;
  return sentences.flatMap(([{ passed, value, bound }, what, least]) =>
    passed ? [] : [`masking: ${what} ${share(value)} of samples, where it must be ${least} ${share(bound)}`],
  );
}
