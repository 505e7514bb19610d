export type { AmountDefault, ParameterSpec, ParameterValue, Parameters } from './parameter-spec.js';
export { booleanOf, choiceOf, numberOf, parseAmount, resolveParameters } from './resolve-parameters.js';
