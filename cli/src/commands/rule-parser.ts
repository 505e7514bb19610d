import { InvalidArgumentError } from 'commander';
import type { Rule } from '@unpair/campaign';

import { withLeadingZero } from './number-text.js';

/** Reads an option's text by a rule of the campaign file. */
export function ruleParser<T>(rule: Rule<T>): (text: string) => T {
  return (text) => {
    const accepted = rule.accept(withLeadingZero(text));
    if (accepted === undefined) throw new InvalidArgumentError(`It must be ${rule.allowed}.`);
    return accepted;
  };
}
