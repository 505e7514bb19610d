import type { Answer, GradientAnswer, QueryAnswer, Request } from './attack.js';

/** Evaluates the target on `count` inputs: as many billed queries. */
export function* query(inputs: Float32Array, count = 1): Generator<Request, QueryAnswer, Answer> {
  const answer = yield { kind: 'query', inputs, count };
  if (answer.kind !== 'query') throw new TypeError(`a query was answered with a ${answer.kind}`);
  return answer;
}

/** Cross-entropy, input gradient and logits of the surrogate on `count` inputs. */
export function* gradient(inputs: Float32Array, count = 1): Generator<Request, GradientAnswer, Answer> {
  const answer = yield { kind: 'gradient', inputs, count };
  if (answer.kind !== 'gradient') throw new TypeError(`a gradient was answered with a ${answer.kind}`);
  return answer;
}
