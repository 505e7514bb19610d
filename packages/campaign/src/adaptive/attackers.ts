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
export interface AttackRun {
  readonly attack: string;
  readonly parameters: Parameters;
  readonly samples: number;
}

/** What an attacker of a defended sibling may know and have. */
export interface AttackerView {
  readonly defence: Defence;
  /** Models that have nothing to do with the target. */
  readonly strangers: readonly string[];
  /** Copies of the sibling that were fine-tuned on answers of the target. */
  readonly imitations: readonly Surrogate[];
  /** Copies of the strangers that were fine-tuned in the same way. */
  readonly imitatingStrangers: readonly Surrogate[];
  /** Whether the file asks for this attack: those that query as they go are tried only then. */
  readonly has: (attack: string) => boolean;
  /**
   * An attack with the parameters that it has in the file where it first comes, else with its defaults, and these
   * changes; none where there is no such attack for the norm and goal, or no such parameter.
   */
  readonly run: (
    attack: string,
    options: { readonly most: number; readonly change?: Parameters },
  ) => readonly AttackRun[];
  /** Models that are attacked through together. */
  readonly ensembleOf: (members: readonly string[]) => Surrogate;
}

/** A run of an attack against a model through another. */
type Attack = Pick<AdaptiveAttack, keyof AttackRun | 'target' | 'surrogate'>;

/** Somebody who knows how siblings are defended. */
export interface Attacker {
  readonly name: string;
  readonly attacks: (view: AttackerView) => readonly Attack[];
}

/** An attacker who uses the sibling alone. */
function alone(name: string, runs: (view: AttackerView) => readonly AttackRun[]): Attacker {
  return {
    name,
    attacks: (view) => {
      const { target, sibling } = view.defence;
      const surrogate = surrogateOf(sibling);
      return runs(view).map((run) => ({ ...run, target, surrogate }));
    },
  };
}

/** Every adaptive attacker. A new one is added to this list. */
export const ATTACKERS: readonly Attacker[] = [
  alone('flipped', ({ run }) => run('pgd', { most: SAMPLES, change: { flipped: true } })),
  alone('momentum', ({ run }) => run('mi-fgsm', { most: SAMPLES })),
  alone('diverse', ({ run }) => run('di-fgsm', { most: SAMPLES })),
  alone('variance-tuned', ({ run }) => run('vmi-fgsm', { most: COSTLY_SAMPLES })),
  alone('smoothed-prior', (view) => withPrior(view, { smoothing: COPIES })),
  {
    name: 'ensemble',
    attacks: (view) =>
      view.strangers.flatMap((stranger) => {
        const { sibling, target } = view.defence;
        const surrogate = view.ensembleOf([sibling, stranger]);
        return transfers(view).map((run) => ({ ...run, target, surrogate }));
      }),
  },
  {
    name: 'imitation',
    attacks: (view) => view.imitations.flatMap((surrogate) => throughImitation(surrogate, view)),
  },
  {
    // No attack on the target: what fools the target should not fool the sibling more often than a stranger.
    name: 'from-target',
    attacks: ({ run, defence: { sibling, target } }) =>
      run('pgd', { most: SAMPLES }).map((made) => ({
        ...made,
        target: sibling,
        surrogate: surrogateOf(target),
      })),
  },
];

/** What the strangers do where an attacker does this: the level that a defence is held against. */
export function controlsOf(view: AttackerView): readonly Attack[] {
  const { imitatingStrangers } = view;
  return [
    ...asTheyAre(view),
    ...imitatingStrangers.flatMap((surrogate) => throughImitation(surrogate, view)),
  ];
}

function asTheyAre(view: AttackerView): readonly Attack[] {
  const { defence, strangers, run } = view;
  const runs = [
    ...transfers(view),
    ...run('di-fgsm', { most: SAMPLES }),
    ...run('vmi-fgsm', { most: COSTLY_SAMPLES }),
    ...withPrior(view),
  ];
  return strangers.flatMap((stranger) => [
    ...runs.map((made) => ({ ...made, target: defence.target, surrogate: surrogateOf(stranger) })),
    ...run('pgd', { most: SAMPLES }).map((made) => ({
      ...made,
      target: stranger,
      surrogate: surrogateOf(defence.target),
    })),
  ]);
}

/** What is done with a copy of whatever model that was fine-tuned on answers of the target. */
function throughImitation(surrogate: Surrogate, view: AttackerView): readonly Attack[] {
  const runs = [...transfers(view), ...withPrior(view)];
  return runs.map((run) => ({ ...run, target: view.defence.target, surrogate }));
}

/** The transfer attacks through models other than the sibling itself. */
function transfers({ run }: AttackerView): readonly AttackRun[] {
  return ['pgd', 'mi-fgsm'].flatMap((attack) => run(attack, { most: SAMPLES }));
}

/** P-RGF as the file has it, where it has. */
function withPrior({ has, run }: AttackerView, change: Parameters = {}): readonly AttackRun[] {
  return has('p-rgf') ? run('p-rgf', { most: Infinity, change }) : [];
}
