import type { Node } from '@unpair/graph';
import type { Rule } from './rule.js';
import { convolutionRules } from './rules/convolution.js';
import { elementwiseRules } from './rules/elementwise.js';
import { layoutRules } from './rules/layout.js';
import { matrixRules } from './rules/matrix.js';

const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries({ ...elementwiseRules, ...convolutionRules, ...matrixRules, ...layoutRules }),
);

/** Operators of the default domain that this runtime executes. */
export const TENSORFLOW_OPERATORS: ReadonlySet<string> = new Set(RULES.keys());

/** What compiles a node; undefined where no rule knows its operator. */
export function ruleOf({ op, domain }: Node): Rule | undefined {
  return domain === '' ? RULES.get(op) : undefined;
}
