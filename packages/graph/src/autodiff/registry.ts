import { floatAttribute, intAttribute } from '../attributes.js';
import { compositeOperators } from '../composites/decompose.js';
import { isFloatCode } from '../data-types.js';
import type { Node } from '../graph.js';
import { STEP_SLOPE } from './emitter.js';
import type { GradientRule, RuleTable } from './rule.js';
import { activationRules } from './rules/activation.js';
import { broadcastingRules } from './rules/broadcasting.js';
import { convolutionRules } from './rules/convolution.js';
import { elementwiseRules, passThrough } from './rules/elementwise.js';
import { extremumRules } from './rules/extremum.js';
import { indexingRules } from './rules/indexing.js';
import { matrixRules } from './rules/matrix.js';
import { normalizationRules } from './rules/normalization.js';
import { poolingRules } from './rules/pooling.js';
import { quantizationRules } from './rules/quantization.js';
import { reductionRules } from './rules/reduction.js';
import { selectionRules } from './rules/selection.js';
import { shapeRules } from './rules/shape.js';
import { STEPS } from './straight-through.js';

const rules: RuleTable = {
  ...activationRules,
  ...broadcastingRules,
  ...convolutionRules,
  ...elementwiseRules,
  ...extremumRules,
  ...indexingRules,
  ...matrixRules,
  ...normalizationRules,
  ...poolingRules,
  ...quantizationRules,
  ...reductionRules,
  ...selectionRules,
  ...shapeRules,
};

/** Operators whose result does not move with their inputs, except at jumps. */
const constantOperators: ReadonlySet<string> = new Set([
  'And',
  'ArgMax',
  'ArgMin',
  'Ceil',
  'Constant',
  'ConstantOfShape',
  'Equal',
  'Floor',
  'Greater',
  'GreaterOrEqual',
  'Hardmax',
  'IsInf',
  'IsNaN',
  'Less',
  'LessOrEqual',
  'Not',
  'Or',
  'Round',
  'Shape',
  'Sign',
  'Size',
  'Xor',
]);

/** The rule of a node's operator; undefined where there is none. That of a step is for those that are passed. */
export function ruleFor(node: Node): GradientRule | undefined {
  if (node.domain === '' && STEPS.has(node.op)) return passThrough;
  return node.domain === '' && Object.hasOwn(rules, node.op) ? rules[node.op] : undefined;
}

/** Whether a node's derivative is zero wherever it exists, so that nothing needs to flow through it. */
export function isConstantAlmostEverywhere(node: Node): boolean {
  if (node.domain !== '') return false;
  if (node.op === 'Cast') return !isFloatCode(intAttribute(node, 'to', 1));
  // A slope is read back from a file as the nearest float32.
  if (node.op === 'HardSigmoid') return floatAttribute(node, 'alpha', 0.2) >= STEP_SLOPE * 0.99;
  return constantOperators.has(node.op);
}

/** Operators with a derivative of zero wherever there is one, sorted. */
export function stepOperators(): readonly string[] {
  return [...constantOperators].sort();
}

/** Names of all operators with a rule or a decomposition, sorted: for documentation and for tests that cover each. */
export function differentiableOperators(): readonly string[] {
  return [...new Set([...Object.keys(rules), ...compositeOperators()])].sort();
}
