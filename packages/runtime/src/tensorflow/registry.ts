import type { Node } from '@unpair/graph';
import type { Rule } from './rule.js';
import { constantRules } from './rules/constant.js';
import { convolutionRules } from './rules/convolution.js';
import { elementwiseRules } from './rules/elementwise.js';
import { hostRules } from './rules/host.js';
import { layoutRules } from './rules/layout.js';
import { matrixRules } from './rules/matrix.js';
import { normalizationRules } from './rules/normalization.js';
import { poolingRules } from './rules/pooling.js';
import { reductionRules } from './rules/reduction.js';
import { selectionRules } from './rules/selection.js';

const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    ...elementwiseRules,
    ...convolutionRules,
    ...poolingRules,
    ...normalizationRules,
    ...matrixRules,
    ...reductionRules,
    ...layoutRules,
    ...selectionRules,
    ...constantRules,
    ...hostRules,
  }),
);

/** Operators of the default domain that this runtime has a rule for; composite ones are written in these. */
export const TENSORFLOW_OPERATORS: ReadonlySet<string> = new Set(RULES.keys());

/** What compiles a node; undefined where no rule knows its operator. */
export function ruleOf({ op, domain }: Node): Rule | undefined {
  return domain === '' ? RULES.get(op) : undefined;
}
