import { assertAlike } from '@unpair/classifiers';
import { UnpairError } from '@unpair/errors';
import { EVERYTHING, offerText, suffices } from '../access.js';
import { isKnowable, kindOf } from '../goal.js';
import type { AttackOptions } from './attack-options.js';

/**
 * Whether an attack can be run on these models and samples as it is wanted.
 * @throws {UnpairError} one sentence about the first thing that does not fit
 */
export function assertSuits(options: AttackOptions): void {
  assertAttackSuits(options);
  assertModelsSuit(options);
  const { batchSize = 1 } = options;
  if (!(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new UnpairError('INVALID_ARGUMENT', `batchSize must be an integer of at least 1, got ${batchSize}`);
  }
}

function assertAttackSuits({ definition, threat, goal = 'avoid', offer = EVERYTHING }: AttackOptions): void {
  const { name, norms, goals, access } = definition;
  if (!norms.includes(threat.norm)) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `${name} has no ${threat.norm} form; it has: ${norms.join(', ')}`,
    );
  }
  if (!(threat.epsilon > 0 && Number.isFinite(threat.epsilon))) {
    throw new UnpairError('INVALID_ARGUMENT', `epsilon must be above 0, got ${threat.epsilon}`);
  }
  if (!goals.includes(kindOf(goal))) {
    throw new UnpairError('INVALID_ARGUMENT', `${name} cannot be run to ${kindOf(goal)} a class`);
  }
  if (!suffices(offer, access, kindOf(goal))) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `${name} needs the target's ${access}; the target gives ${offerText(offer)}`,
    );
  }
  if (!isKnowable(goal, offer)) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `the class that is least likely is not known of a target that gives ${offerText(offer)}`,
    );
  }
}

function assertModelsSuit({ definition, target, surrogates, samples, goal = 'avoid' }: AttackOptions): void {
  if (definition.needsSurrogate && surrogates.length === 0) {
    throw new UnpairError('INVALID_ARGUMENT', `${definition.name} needs a surrogate`);
  }
  assertAlike(surrogates);
  const { classes } = target;
  if (goal !== 'avoid' && typeof goal.reach === 'number' && !(goal.reach >= 0 && goal.reach < classes)) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `the class to reach must be 0 to ${classes - 1}, got ${goal.reach}`,
    );
  }
  const size = target.shape.reduce((product, side) => product * side, 1);
  const misfit = samples.find(
    ({ input, label }) => input.length !== size || !(label >= 0 && label < classes),
  );
  if (misfit !== undefined) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `sample ${misfit.index} has ${misfit.input.length} values and label ${misfit.label}; ` +
        `the target takes ${size} values and has ${classes} classes`,
    );
  }
}
