import type { InputAdjoints, Pullback, RuleTable } from '../rule.js';

/**
 * The adjoint of each of several candidates for an extremum: all of the adjoint goes to the first that equals the
 * extremum `y`, as ties would otherwise be counted twice.
 */
export function firstWinnerTakesAll(p: Pullback, candidates: readonly string[], y = p.y): readonly string[] {
  let taken: string | undefined;
  return candidates.map((candidate) => {
    const equal = p.emit.op('Equal', [candidate, y]);
    const wins = taken === undefined ? equal : p.emit.op('And', [equal, p.emit.op('Not', [taken])]);
    taken = taken === undefined ? equal : p.emit.op('Or', [taken, equal]);
    return p.emit.keepWhere(wins, p.dy);
  });
}

function extremum(p: Pullback): InputAdjoints {
  const adjoints = firstWinnerTakesAll(p, p.node.inputs);
  return adjoints.map((adjoint, index) => p.when(index, () => p.unbroadcast(index, adjoint)));
}

/** Extrema over several values. */
export const extremumRules: RuleTable = { Max: extremum, Min: extremum };
