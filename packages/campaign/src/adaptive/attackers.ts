import type { AdaptiveAttack, Defence } from '../campaign.js';
import type { Surrogate } from '../surrogate.js';
import { surrogateOf } from '../surrogate.js';
import type { Parameters } from '@unpair/parameters';

/** Samples that an attack goes over, at most: one whose gradients cost twenty times as much has fewer. */
const SAMPLES = 500;
const COSTLY_SAMPLES = 100;
/** Noisy copies that a smoothed prior averages. */
const COPIES = 32;

/** An attack of the campaign with other parameters, over no more samples than is bounded. */
export interface Move {
  readonly attack: string;
  readonly parameters: Parameters;
  readonly samples: number;
}

/** What an attacker of a defended sibling may know and have. */
export interface Position {
  readonly defence: Defence;
  /** Models that have nothing to do with the target. */
  readonly strangers: readonly string[];
  /** Copies of the sibling that were fine-tuned on answers of the target. */
  readonly imitations: readonly Surrogate[];
  /** Copies of the strangers that were fine-tuned in the same way. */
  readonly taught: readonly Surrogate[];
  /** Whether the file asks for this attack: those that query as they go are tried only then. */
  readonly has: (attack: string) => boolean;
  /**
   * An attack with the parameters that it has in the file where it first comes, else with its defaults, and these
   * changes; none where there is no such attack for the norm and goal, or no such parameter.
   */
  readonly move: (
    attack: string,
    options: { readonly most: number; readonly change?: Parameters },
  ) => readonly Move[];
  /** Models that are attacked through together. */
  readonly ensembleOf: (members: readonly string[]) => Surrogate;
}

/** A move against a model through another. */
type Attack = Pick<AdaptiveAttack, keyof Move | 'target' | 'surrogate'>;

/** Somebody who knows how siblings are defended. */
export interface Attacker {
  readonly name: string;
  readonly attacks: (position: Position) => readonly Attack[];
}

/** An attacker who uses the sibling alone. */
function alone(name: string, moves: (position: Position) => readonly Move[]): Attacker {
  return {
    name,
    attacks: (position) => {
      const { target, sibling } = position.defence;
      const surrogate = surrogateOf(sibling);
      return moves(position).map((move) => ({ ...move, target, surrogate }));
    },
  };
}

/** Every adaptive attacker. A new one is added to this list. */
export const ATTACKERS: readonly Attacker[] = [
  alone('flipped', ({ move }) => move('pgd', { most: SAMPLES, change: { flipped: true } })),
  alone('momentum', ({ move }) => move('mi-fgsm', { most: SAMPLES })),
  alone('diverse', ({ move }) => move('di-fgsm', { most: SAMPLES })),
  alone('variance-tuned', ({ move }) => move('vmi-fgsm', { most: COSTLY_SAMPLES })),
  alone('smoothed-prior', (position) => withPrior(position, { smoothing: COPIES })),
  {
    name: 'ensemble',
    attacks: (position) =>
      position.strangers.flatMap((stranger) => {
        const { sibling, target } = position.defence;
        const surrogate = position.ensembleOf([sibling, stranger]);
        return transfers(position).map((move) => ({ ...move, target, surrogate }));
      }),
  },
  {
    name: 'imitation',
    attacks: (position) => position.imitations.flatMap((surrogate) => throughImitation(surrogate, position)),
  },
  {
    // No attack on the target: what fools the target should not fool the sibling more often than a stranger.
    name: 'from-target',
    attacks: ({ move, defence: { sibling, target } }) =>
      move('pgd', { most: SAMPLES }).map((made) => ({
        ...made,
        target: sibling,
        surrogate: surrogateOf(target),
      })),
  },
];

/** What the strangers do where an attacker does this: the level that a defence is held against. */
export function controlsOf(position: Position): readonly Attack[] {
  const { taught } = position;
  return [...asTheyAre(position), ...taught.flatMap((surrogate) => throughImitation(surrogate, position))];
}

function asTheyAre(position: Position): readonly Attack[] {
  const { defence, strangers, move } = position;
  const moves = [
    ...transfers(position),
    ...move('di-fgsm', { most: SAMPLES }),
    ...move('vmi-fgsm', { most: COSTLY_SAMPLES }),
    ...withPrior(position),
  ];
  return strangers.flatMap((stranger) => [
    ...moves.map((made) => ({ ...made, target: defence.target, surrogate: surrogateOf(stranger) })),
    ...move('pgd', { most: SAMPLES }).map((made) => ({
      ...made,
      target: stranger,
      surrogate: surrogateOf(defence.target),
    })),
  ]);
}

/** What is done with a copy of whatever model that was fine-tuned on answers of the target. */
function throughImitation(surrogate: Surrogate, position: Position): readonly Attack[] {
  const moves = [...transfers(position), ...withPrior(position)];
  return moves.map((move) => ({ ...move, target: position.defence.target, surrogate }));
}

/** The transfer attacks through models other than the sibling itself. */
function transfers({ move }: Position): readonly Move[] {
  return ['pgd', 'mi-fgsm'].flatMap((attack) => move(attack, { most: SAMPLES }));
}

/** P-RGF as the file has it, where it has. */
function withPrior({ has, move }: Position, change: Parameters = {}): readonly Move[] {
  return has('p-rgf') ? move('p-rgf', { most: Infinity, change }) : [];
}
