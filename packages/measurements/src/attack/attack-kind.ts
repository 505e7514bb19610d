import type { AttackRow } from '@unpair/attacks';
import type { ColumnsOf } from '../row-kind.js';
import { defineRowKind } from '../row-kind.js';

/** How far what an attack that finds the nearest had found lay. */
function distanceAfter(count: string): { type: 'double'; description: string; digested: false } {
  return {
    type: 'double',
    description: `of an attack that finds the nearest: how far that was after ${count} queries, or all of its budget; 0 where there was none`,
    digested: false,
  };
}

const columns = {
  label: { type: 'int32', description: 'class that the data set gives the sample' },
  cleanCorrect: {
    type: 'boolean',
    description:
      'whether the target classifies the clean input correctly (query 0); if not, it was not attacked',
  },
  surrogateCorrect: {
    type: 'boolean',
    description: 'whether the surrogate does; false where there is none',
  },
  success: { type: 'boolean', description: 'whether the input that was found leads the target to the goal' },
  successRounded: {
    type: 'boolean',
    description: 'whether it still does when the pixels are rounded to 8 bits, which is not billed',
  },
  queries: { type: 'int64', description: 'billed evaluations of the target' },
  surrogateQueries: { type: 'int64', description: 'gradients of the surrogate' },
  linf: {
    type: 'double',
    description: 'largest change of a pixel, in units of the [0,1] range; 0 without success',
  },
  l2: { type: 'double', description: 'Euclidean distance from the clean input; 0 without success' },
  zeroGradients: {
    type: 'int64',
    description:
      'of the gradients of the surrogate, those that were 0 everywhere; of several surrogates, of the one with most',
    digested: false,
  },
  invalidGradients: {
    type: 'int64',
    description: 'in the same way, those with entries that were no finite numbers, and counted as 0',
    digested: false,
  },
  surrogateForwards: {
    type: 'int64',
    description:
      'forward passes of the surrogate without a gradient; of several, of the one that was asked most',
    digested: false,
  },
  distance100: distanceAfter('100'),
  distance300: distanceAfter('300'),
  distance1000: distanceAfter('1,000'),
  distance3000: distanceAfter('3,000'),
  distance10000: distanceAfter('10,000'),
} as const satisfies ColumnsOf<AttackRow>;

/** What came of the attacked samples of one cell: the rows of `runAttack`. */
export const attackKind = defineRowKind({
  name: 'attack',
  table: 'attacks',
  noun: 'attack',
  reportedAs: '`attacks[]`',
  key: {
    cell: {
      description: "the cell's identity",
      spelledOut: {
        target: 'the model that is attacked',
        surrogate: 'the model, or ensemble, that it is attacked through; empty where there is none',
        attack: 'name of the attack',
        parameters: 'its parameters, defaults included, as JSON',
        norm: '`linf` or `l2`',
        epsilon: 'radius of the ball',
      },
    },
  },
  models: {},
  columns,
});
