import { isOutsidePixels, toPixel } from '@unpair/numerics';
import { meanOf, sumOf } from '@unpair/classifiers';
import type { Access } from './access.js';
import type {
  GradientAnswer,
  GradientRequest,
  Problem,
  QueryAnswer,
  SampleObjective,
  Steps,
} from './attack.js';
import { lossOfGoal } from './goal.js';

/**
 * Evaluates the target on `count` inputs: as many billed queries.
 * @param _problem says what the attack sees of the answer
 */
export function* query<A extends Access>(
  _problem: Problem<A>,
  inputs: Float32Array,
  count = 1,
): Steps<QueryAnswer<A>, A> {
  const answer = yield { kind: 'query', inputs, count };
  if (answer.kind !== 'query') throw new TypeError(`a query was answered with a ${answer.kind}`);
  return answer;
}

/**
 * An objective of one surrogate, its input gradient and the surrogate's logits on `count` inputs. Where it has no
 * derivative outside the pixel range, it is asked once more inside.
 */
export function* gradient(
  surrogate: number,
  objective: SampleObjective,
  inputs: Float32Array,
  count = 1,
): Steps<GradientAnswer> {
  const request = { kind: 'gradient', surrogate, objective, count } as const;
  const answer = yield* differentiate({ ...request, inputs });
  return isAskedAgain(inputs, answer)
    ? yield* differentiate({ ...request, inputs: inputs.map(toPixel) })
    : answer;
}

/** Whether a surrogate had no derivative outside the pixel range, so that the answer is not used. */
export function isAskedAgain(inputs: Float32Array, { invalid }: Pick<GradientAnswer, 'invalid'>): boolean {
  return invalid.some((entries) => entries > 0) && inputs.some(isOutsidePixels);
}

function* differentiate(request: GradientRequest): Steps<GradientAnswer> {
  const answer = yield request;
  if (answer.kind !== 'gradient') throw new TypeError(`a gradient was answered with a ${answer.kind}`);
  return answer;
}

/**
 * The gradient by which inputs come nearer to the goal: of the cross-entropy with the label, or of minus that with the
 * class to reach. Several surrogates are one, as in {@link objectiveGradient}, unless one is named.
 */
export function* goalGradient(
  problem: Problem,
  inputs: Float32Array,
  count = 1,
  surrogate?: number,
): Steps<GradientAnswer> {
  const { label, sign } = lossOfGoal(problem.goal);
  const objective = { kind: 'cross-entropy', label } as const;
  const answer = yield* surrogate === undefined
    ? objectiveGradient(problem, objective, inputs, count)
    : gradient(surrogate, objective, inputs, count);
  return signed(answer, sign);
}

/**
 * An objective of the surrogates and its gradient. Several are one: values, gradients and logits are the means of
 * theirs (Liu et al. 2017, arXiv 1611.02770; Dong et al. 2018, arXiv 1710.06081, who fuse losses too).
 */
export function* objectiveGradient(
  { surrogates }: Pick<Problem, 'surrogates'>,
  objective: SampleObjective,
  inputs: Float32Array,
  count = 1,
): Steps<GradientAnswer> {
  const answers: GradientAnswer[] = [];
  for (let surrogate = 0; surrogate < surrogates; surrogate++) {
    answers.push(yield* gradient(surrogate, objective, inputs, count));
  }
  return fused(answers);
}

/** The logits of the surrogates, [count, classes]; of several, their mean. */
export function* surrogateLogits(
  { surrogates }: Pick<Problem, 'surrogates'>,
  inputs: Float32Array,
  count = 1,
): Steps<Float32Array> {
  const all: Float32Array[] = [];
  for (let surrogate = 0; surrogate < surrogates; surrogate++) {
    all.push(yield* forward(surrogate, inputs, count));
  }
  return meanOf(all);
}

/** The logits of one surrogate, [count, classes]. */
export function* forward(surrogate: number, inputs: Float32Array, count = 1): Steps<Float32Array> {
  const answer = yield { kind: 'forward', surrogate, inputs, count };
  if (answer.kind !== 'forward') throw new TypeError(`a forward pass was answered with a ${answer.kind}`);
  return answer.logits;
}

function fused(answers: readonly GradientAnswer[]): GradientAnswer {
  return {
    kind: 'gradient',
    values: meanOf(answers.map(({ values }) => values)),
    gradients: meanOf(answers.map(({ gradients }) => gradients)),
    invalid: sumOf(answers.map(({ invalid }) => invalid)),
    logits: meanOf(answers.map(({ logits }) => logits)),
  };
}

function signed(answer: GradientAnswer, sign: 1 | -1): GradientAnswer {
  if (sign === 1) return answer;
  const turned = (values: Float32Array): Float32Array => values.map((value) => -value);
  return { ...answer, values: turned(answer.values), gradients: turned(answer.gradients) };
}
