export type {
  AmountDefault,
  ParameterSpec,
  ParameterSpecs,
  ParameterValue,
  Parameters,
} from './parameter-spec.js';
export { defaultsOf, derivedFrom, resolveParameters } from './resolve-parameters.js';
export { integer, number, oneOf, parameterRule, parseAmount, pixels, quoted, truth } from './rules.js';
export type { Rule } from './rules.js';
export { nearest, suggestion } from './spelling.js';
export { booleanOf, choiceOf, numberOf } from './values.js';
