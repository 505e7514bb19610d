import { InvalidArgumentError } from 'commander';
import type { Rule } from '@unpair/parameters';

import { withLeadingZero } from './number-text.js';

/** Reads an option's text by a rule that campaign files have as well. */
export function ruleParser<T>(rule: Rule<T>): (text: string) => T {
  return (text) => {
    const accepted = rule.accept(withLeadingZero(text));
    if (accepted === undefined) throw new InvalidArgumentError(`It must be ${rule.allowed}.`);
    return accepted;
  };
}
