export type {
  AmountDefault,
  Answer,
  AttackDefinition,
  AttackRun,
  GradientAnswer,
  Parameters,
  ParameterSpec,
  ParameterValue,
  Problem,
  QueryAnswer,
  Request,
} from './attacks/attack.js';
export { parseAmount, resolveParameters } from './attacks/parameters.js';
export type { ParameterProblem, Resolution } from './attacks/parameters.js';
export { priorWeight } from './attacks/prior-weight.js';
export { attacks } from './attacks/registry.js';
export { createRandom } from './random/stream.js';
export type { Random } from './random/random.js';
export type { StreamId } from './random/stream-key.js';
export { distance, isAdmissible, project, randomStart } from './threat.js';
export type { Distance, Norm, Threat } from './threat.js';
