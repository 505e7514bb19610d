import type { DefenceReport } from '../defence/types.js';
import { defenceSentence } from '../defence/sentence.js';
import { count, share, times } from '../terminal/format.js';
import type { QueryRatio } from '../query-ratio.js';
import { exposureLevel, isFurther } from './exposure.js';
import type { CureVerdict, Evidence } from './types.js';

/** Failures that are told; the others are counted. */
const TOLD = 2;

/** What unpairing a sibling takes from an attacker, what it costs, and whether it holds against who knows of it. */
export function cureVerdict(defence: DefenceReport, evidence: readonly Evidence[]): CureVerdict {
  const { surrogate, target, undefended, verdict } = defence;
  const of = (model: string | null): Evidence | undefined =>
    evidence.find((entry) => entry.surrogate === model && entry.target === target);
  return {
    ...{ surrogate, target, level: verdict ?? 'unproven' },
    sentences: [
      headline(defence),
      ...effectSentences(of(surrogate), of(undefended)),
      ...costSentences(defence),
    ],
  };
}

function effectSentences(after: Evidence | undefined, before: Evidence | undefined): readonly string[] {
  if (after === undefined) return [];
  const { transfer, prior, target, surrogate } = after;
  const fewer = prior?.without?.fewer ?? null;
  const fewerBefore = before?.prior?.without?.fewer ?? null;
  const shareBefore = before?.transfer?.success.value ?? null;
  const other = before?.surrogate ?? '';
  const transferBefore =
    shareBefore === null ? '' : `, where those made on ${other} do ${share(shareBefore)}`;
  const priorBefore = fewerBefore === null ? '' : `, where ${other} makes them ${times(fewerBefore)} cheaper`;
  return [
    ...(transfer === null
      ? []
      : [
          `Examples made on ${surrogate} fool ${target} ${share(transfer.success.value)} of the time${transferBefore}.`,
        ]),
    ...(fewer === null ? [] : [`As a prior it ${savings(fewer)}${priorBefore}.`]),
    ...(exposureLevel(after) === 'given away' ? ['It still helps more than an unrelated model does.'] : []),
  ];
}

function savings(fewer: QueryRatio): string {
  return isFurther(fewer) ? `makes searches ${times(fewer)} cheaper` : `saves no queries (${times(fewer)})`;
}

function costSentences({ accuracy, undefended }: DefenceReport): readonly string[] {
  const drop = accuracy?.drop ?? null;
  if (drop === null || undefended === null) return [];
  const points = (value: number): string => (value * 100).toFixed(1);
  const [word, value, low, high] =
    drop.value < 0
      ? ['gains', -drop.value, -drop.high, -drop.low]
      : ['costs', drop.value, drop.low, drop.high];
  return [`It ${word} ${points(value)} points of accuracy [${points(low)}, ${points(high)}].`];
}

/** The defence's own verdict, with the first reasons against it; one is enough to refuse it. */
function headline(defence: DefenceReport): string {
  const { failed, untested, verdict } = defence;
  const reasons = verdict === 'fails' ? failed : untested;
  const more = reasons.length > TOLD ? [`and ${count(reasons.length - TOLD)} more`] : [];
  const told = [...reasons.slice(0, TOLD), ...more].join('; ');
  return told === '' ? defenceSentence(defence) : `${defenceSentence(defence)} ${told}.`;
}
