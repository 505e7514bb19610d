import { count } from '../terminal/format.js';
import type { DefenceReport } from './types.js';

/** A defence's verdict in one sentence; what follows a colon are its `failed` or `untested`. */
export function defenceSentence(defence: DefenceReport): string {
  const { surrogate, target, missing, verdict: of } = defence;
  const lack = missing === 0 ? '' : ` (${missingText(missing)})`;
  if (of === 'fails') return `${surrogate} does not stand up to attackers of ${target}${lack}:`;
  if (of === 'stands')
    return `${surrogate} stands up to what was tried: no attacker of ${target} came further than through a stranger.`;
  const end = defence.untested.length > 0 ? ':' : '.';
  return `There is no verdict on ${surrogate} against attackers of ${target}: ${whyNone(defence)}${end}`;
}

function whyNone({ adaptive, missing, untested }: DefenceReport): string {
  const lacks = [
    ...(missing > 0 ? [missingText(missing)] : []),
    ...(untested.length > 0 ? ['it was not tested, for want of gradients to attack it by'] : []),
  ];
  if (lacks.length > 0) return lacks.join(', and ');
  if (adaptive.length === 0) return 'nobody who knows of the defence has tried it';
  return 'the campaign has no stranger to hold it against';
}

function missingText(missing: number): string {
  return `${missing === 1 ? 'one attack or check has' : `${count(missing)} attacks and checks have`} no results`;
}
