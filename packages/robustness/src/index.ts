export type {
  Answer,
  AttackDefinition,
  AttackRun,
  Attempt,
  LossGradient,
  Norm,
  Parameters,
  ParameterSpec,
  ParameterValue,
  Problem,
  Request,
} from './attacks/attack.js';
export type { Random } from './random.js';
