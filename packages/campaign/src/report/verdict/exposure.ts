import { count, ratio, share, times } from '../terminal/format.js';
import type { Evidence, ExposureLevel, ExposureVerdict, PriorEvidence, TransferEvidence } from './types.js';

/** A surrogate comes further than a stranger where it does so beyond the interval, and by this factor at least. */
const MARGIN = 1.25;
/** Share of samples that transfer must fool, beyond the interval, to count as help where there is no stranger. */
const NOTICED = 0.1;

/**
 * What publishing a sibling gives an attacker, by the rule of docs/verdict.md.
 * @param strangers the evidence on strangers to the same target
 */
export function exposureVerdict(evidence: Evidence, strangers: readonly Evidence[]): ExposureVerdict {
  const { target, surrogate, transfer, prior } = evidence;
  const level = exposureLevel(evidence);
  return {
    ...{ target, surrogate, level },
    sentences: [
      headline(evidence, level),
      ...priorSentences(prior),
      ...transferSentences(transfer, target),
      ...cause(evidence, strangers),
    ],
  };
}

/** Why: how alike the gradients are, beside those of the strangers. */
function cause({ target, gradientCosine }: Evidence, strangers: readonly Evidence[]): readonly string[] {
  if (gradientCosine === null) return [];
  const others = strangers.flatMap((stranger) =>
    stranger.gradientCosine === null
      ? []
      : [`${stranger.gradientCosine.toFixed(2)} for ${stranger.surrogate}`],
  );
  const beside = others.length === 0 ? '' : ` (${others.slice(0, 2).join(', ')})`;
  return [
    `Its input gradients have a cosine of ${gradientCosine.toFixed(2)} with those of ${target}${beside}.`,
  ];
}

/** Those that give most away come first. */
export function bySeverity(verdicts: readonly ExposureVerdict[]): readonly ExposureVerdict[] {
  const order: readonly ExposureLevel[] = ['given away', 'helps', 'unknown', 'as a stranger', 'not shown'];
  return [...verdicts].sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

export function exposureLevel({ transfer, prior }: Evidence): ExposureLevel {
  if (transfer === null && prior === null) return 'unknown';
  if (isFurther(prior?.stranger?.fewer) || isFurther(transfer?.stranger?.ratio) || onlyItself(transfer)) {
    return 'given away';
  }
  if (doesHelp(transfer, prior)) {
    return hasStranger(transfer, prior) ? 'as a stranger' : 'helps';
  }
  // Where gradients are lacking, that an attack does not come far says nothing.
  return transfer?.blind === true || prior?.blind === true ? 'unknown' : 'not shown';
}

function hasStranger(transfer: TransferEvidence | null, prior: PriorEvidence | null): boolean {
  return (transfer?.stranger ?? prior?.stranger ?? null) !== null;
}

/** Whether a ratio is above 1 beyond its interval, and by more than a trifle. */
export function isFurther(
  ratio: { readonly value: number; readonly low: number } | null | undefined,
): boolean {
  return ratio !== null && ratio !== undefined && ratio.low > 1 && ratio.value >= MARGIN;
}

/** Whether examples transfer where none of the stranger's do, so that there is no ratio. */
function onlyItself(transfer: TransferEvidence | null): boolean {
  const stranger = transfer?.stranger?.success;
  if (transfer === null || stranger === null || stranger === undefined || stranger.value > 0) return false;
  return transfer.success.low > stranger.high;
}

function doesHelp(transfer: TransferEvidence | null, prior: PriorEvidence | null): boolean {
  return isFurther(prior?.without?.fewer) || (transfer !== null && transfer.success.low > NOTICED);
}

function headline({ target, surrogate, transfer, prior }: Evidence, level: ExposureLevel): string {
  switch (level) {
    case 'given away':
      return `${surrogate} makes ${target} easier to attack than an unrelated model does.`;
    case 'helps':
      return `${surrogate} helps to attack ${target}; how much of that any model would give is not known.`;
    case 'as a stranger':
      return `${surrogate} helps to attack ${target}, but not more than an unrelated model does.`;
    case 'not shown':
      return `${surrogate} was not seen to help to attack ${target}.`;
    case 'unknown':
      return `What ${surrogate} gives away of ${target} is not known: ${
        transfer === null && prior === null ? 'no attack through it has results' : 'its gradients are 0'
      }.`;
  }
}

function priorSentences(prior: PriorEvidence | null): readonly string[] {
  if (prior === null) return [];
  const { attack, medianQueries, budget, without, stranger } = prior;
  const hidden = medianQueries >= budget ? ', its budget' : '';
  const median = `a median of ${count(medianQueries)} queries${hidden}`;
  if (without === null) return [`With it as prior ${attack} takes ${median}${strangerQueries(stranger)}.`];
  const before = `${without.attack} without prior ${count(without.medianQueries)}`;
  const saved = without.fewer === null ? '' : `: ${ratio(without.fewer)} fewer`;
  return [`With it as prior ${attack} takes ${median}, ${before}${saved}${strangerQueries(stranger)}.`];
}

function strangerQueries(stranger: PriorEvidence['stranger']): string {
  if (stranger === null) return '';
  const { surrogate, medianQueries, strangerFewer } = stranger;
  if (strangerFewer === null) return `; with ${surrogate} as prior it takes ${count(medianQueries)}`;
  return isFurther(strangerFewer)
    ? `; with ${surrogate} as prior ${times(strangerFewer)} fewer`
    : `; ${surrogate} as prior saves none`;
}

function transferSentences(transfer: TransferEvidence | null, target: string): readonly string[] {
  if (transfer === null) return [];
  const { attack, success, stranger } = transfer;
  const other =
    stranger === null
      ? ''
      : `; those made on ${stranger.surrogate}, ${share(stranger.success?.value ?? null)}`;
  const { low, high } = success;
  const interval = `[${(low * 100).toFixed(0)}, ${(high * 100).toFixed(0)}]`;
  return [
    `Examples made on it by ${attack} fool ${target} ${share(success.value)} ${interval} of the time without a query${other}.`,
  ];
}
