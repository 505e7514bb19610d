import type { Rule, Rules } from './operation.js';
import { activationRules } from './rules/activation.js';
import { arithmeticRules } from './rules/arithmetic.js';
import { convolutionRules } from './rules/convolution.js';
import { matrixRules } from './rules/matrix.js';
import { poolingRules } from './rules/pooling.js';
import { reductionRules } from './rules/reduction.js';
import { resizingRules } from './rules/resizing.js';
import { selectionRules } from './rules/selection.js';
import { shapeRules } from './rules/shape.js';

const RULES: Rules = {
  ...activationRules,
  ...arithmeticRules,
  ...convolutionRules,
  ...matrixRules,
  ...poolingRules,
  ...reductionRules,
  ...resizingRules,
  ...selectionRules,
  ...shapeRules,
};

/** The rule of an operator; `undefined` where there is none. */
export function ruleFor(op: string): Rule | undefined {
  return Object.hasOwn(RULES, op) ? RULES[op] : undefined;
}

/** Operators that are imported, sorted: for documentation and tests. */
export function tfliteOperators(): readonly string[] {
  return Object.keys(RULES).sort();
}
