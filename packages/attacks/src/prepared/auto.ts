import { UnpairError } from '@unpair/errors';
import type { Parameters, ParameterSpec } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import { EVERYTHING } from '../access.js';
import type { AttackDefinition } from '../attack.js';
import type { AttackRow } from '../scheduler/attack-row.js';
import { runAttack } from '../scheduler/run-attack.js';
import { CANDIDATES, candidatesFor } from './candidates.js';
import type { PreparationOptions, Prepared, PreparedAttack, Situation } from './preparation.js';

/** How one candidate did in the trial. */
export interface Tried {
  readonly attack: string;
  readonly parameters: Parameters;
  /** Samples of the trial that the target classifies correctly. */
  readonly samples: number;
  readonly successes: number;
  /** Over these samples. */
  readonly queries: number;
  readonly gradients: number;
}

/** What a trial came to: every candidate in the order in which they are listed, and the one that did best. */
export interface Choice {
  readonly chosen: string;
  readonly tried: readonly Tried[];
}

const parameters = {
  budget: {
    type: 'integer',
    min: 1,
    default: 1000,
    description: 'Queries that one sample may spend, with any candidate.',
  },
  gradients: {
    type: 'integer',
    min: 1,
    default: 250,
    description:
      'Gradients of the surrogate that a transfer attack may take for one sample, to be a candidate.',
  },
  trial: {
    type: 'integer',
    min: 1,
    max: 10_000,
    default: 50,
    description: 'Samples, the first, on which the candidates are tried; the chosen one attacks the others.',
  },
} as const satisfies Readonly<Record<string, ParameterSpec>>;

const COMMON = {
  paper: 'none: the choice is ours, the candidates have their papers',
  access: 'labels',
  goals: ['avoid', 'reach'],
  finds: 'within-epsilon',
  budget: 'budget',
  norms: ['linf', 'l2'],
  parameters,
  preparation: {
    on: 'attacked',
    samples: 'trial',
    most: (situation: Situation, given: Parameters) => {
      const candidates = candidatesFor(situation, numberOf(given, 'gradients'));
      const each = candidates.map(({ budget }) => (budget === null ? 1 : numberOf(given, 'budget')));
      return numberOf(given, 'trial') * each.reduce((sum, queries) => sum + queries, 0);
    },
    make: makeChoice,
    use: (made: Uint8Array, { budget = null }: Parameters) => {
      const { chosen } = readChoice(made);
      const definition = CANDIDATES.find((candidate) => candidate.definition.name === chosen)?.definition;
      if (definition === undefined)
        throw new UnpairError('UNIMPLEMENTED', `no candidate is called "${chosen}"`);
      return { definition, parameters: budgetOf(definition, budget) };
    },
  },
} as const satisfies Omit<PreparedAttack, 'name' | 'description' | 'needsSurrogate'>;

/** The strongest attack for a budget, chosen by a trial. */
export const autos: readonly PreparedAttack[] = [
  {
    ...COMMON,
    name: 'auto',
    description: 'The attack that does best on the first samples, of all that fit the target and the budget.',
    needsSurrogate: true,
    withoutPrior: 'auto-unaided',
  },
  {
    ...COMMON,
    name: 'auto-unaided',
    description: 'auto for who has no surrogate: what the surrogate is worth is the difference.',
    needsSurrogate: false,
  },
];

/** Tries every candidate that fits on all of the samples. */
async function makeChoice(options: PreparationOptions): Promise<Prepared> {
  const { threat, goal = 'avoid', offer = EVERYTHING, surrogates, cell } = options;
  const situation = { norm: threat.norm, goal, offer, hasSurrogate: surrogates.length > 0 };
  const tried: Tried[] = [];
  for (const definition of candidatesFor(situation, numberOf(options.parameters, 'gradients'))) {
    const own = budgetOf(definition, numberOf(options.parameters, 'budget'));
    const { name, needsSurrogate } = definition;
    const rows = await runAttack({
      ...options,
      definition,
      parameters: own,
      surrogates: needsSurrogate ? surrogates : [],
      cell: `${cell}/trial/${name}`,
    });
    tried.push({ attack: name, parameters: own, ...summaryOf(rows) });
  }
  const [best] = tried.toSorted(strongerFirst);
  if (best === undefined)
    throw new UnpairError('INVALID_ARGUMENT', 'no attack fits the target and the budget');
  const choice: Choice = { chosen: best.attack, tried };
  const queries = tried.reduce((sum, one) => sum + one.queries, 0);
  return { bytes: new TextEncoder().encode(JSON.stringify(choice)), queries };
}

/**
 * What a trial came to, as it was stored.
 * @throws {UnpairError} DATA_LOSS for other bytes
 */
export function readChoice(made: Uint8Array): Choice {
  try {
    const choice = JSON.parse(new TextDecoder().decode(made)) as Choice;
    if (typeof choice.chosen === 'string' && Array.isArray(choice.tried)) return choice;
  } catch (cause) {
    throw new UnpairError('DATA_LOSS', 'the choice of an attack is not JSON', { cause });
  }
  throw new UnpairError('DATA_LOSS', 'the choice of an attack names none');
}

function budgetOf({ budget: name }: AttackDefinition, budget: Parameters[string]): Parameters {
  return name === null ? {} : { [name]: budget ?? null };
}

function summaryOf(
  rows: readonly AttackRow[],
): Pick<Tried, 'samples' | 'successes' | 'queries' | 'gradients'> {
  const sum = (of: (row: AttackRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    samples: sum(({ cleanCorrect }) => Number(cleanCorrect)),
    successes: sum(({ success }) => Number(success)),
    queries: sum(({ queries }) => queries),
    gradients: sum(({ surrogateQueries }) => surrogateQueries),
  };
}

/** More successes, then fewer queries, then fewer gradients; the order of the list breaks what ties are left. */
function strongerFirst(a: Tried, b: Tried): number {
  return b.successes - a.successes || a.queries - b.queries || a.gradients - b.gradients;
}
