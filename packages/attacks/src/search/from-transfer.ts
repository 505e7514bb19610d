import type { Random } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import type { AttackDefinition, AttackRun, Problem, Steps } from '../attack.js';
import { goalGradient, query } from '../requests.js';
import { evenSteps, search } from '../transfer/iterative.js';
import { momentum } from '../transfer/momentum.js';
import { searchSettings } from './gradient-free-parameters.js';
import { GradientFreeSearch } from './gradient-free-search.js';
import { nes, nesFrom } from './nes.js';
import { rgf } from './rgf.js';
import { square, squareFrom } from './square.js';

/** Goes on from a transfer example, which the target has not yet seen. */
type GoesOn = (
  problem: Problem<'logits'>,
  parameters: Parameters,
  random: Random,
  start: Float32Array,
) => AttackRun<'logits'>;

/** Searches that begin where MI-FGSM on the surrogate ends: one query where that transfers. */
export const fromTransfer = [
  startingThere(square, squareFrom),
  startingThere(nes, function* (problem, parameters, random, start) {
    yield* query(problem, start);
    yield* nesFrom(problem, parameters, random, start);
  }),
  startingThere(rgf, function* (problem, parameters, random, start) {
    const one = new GradientFreeSearch(problem, searchSettings(parameters), random);
    yield* one.startAt(start);
    while (yield* one.estimateGradient(null)) yield* one.step(one.gradient);
  }),
] as const;

function startingThere(search: AttackDefinition<'logits'>, goOn: GoesOn): AttackDefinition<'logits'> {
  return {
    ...search,
    name: `${search.name}-from-transfer`,
    description: `${search.name} that starts from the example of mi-fgsm on the surrogate.`,
    paper: `Suya et al. 2020, arXiv 1908.07000; ${search.paper}`,
    needsSurrogate: true,
    withoutPrior: search.name,
    *run(problem, parameters, random) {
      yield* goOn(problem, parameters, random, yield* transferExample(problem, random));
    },
  };
}

/** The end of ten steps of MI-FGSM on the surrogate. */
function* transferExample(problem: Problem, random: Random): Steps<Float32Array> {
  const parameters = { steps: 10, momentum: 1 };
  return yield* search(problem, parameters, random, {
    plan: evenSteps().of(problem, parameters),
    start: (ascent) =>
      momentum().wrap(function* (points) {
        return (yield* goalGradient(problem, points)).gradients;
      }, ascent),
  });
}
