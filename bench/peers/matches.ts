import type { Threat } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';

/** One attack of ours beside the same of other tools, with the same parameters. */
export interface Match {
  readonly attack: string;
  /** Packages that have it. */
  readonly tools: readonly string[];
  /** Whether it sees the surrogate and is judged by the target; else it asks the target. */
  readonly transfer: boolean;
  readonly threat: Threat;
  /** Of how many images it is given, as a share of `--samples`: some tools take minutes. */
  readonly share: number;
  readonly parameters: Parameters;
  /** What a tool is told beside epsilon. */
  readonly settings: Readonly<Record<string, number>>;
}

const TORCHATTACKS = 'torchattacks';
const FOOLBOX = 'foolbox';
const ART = 'adversarial-robustness-toolbox';
const EPSILON = 8 / 255;
const STEPS = 10;

/** A transfer attack of 10 steps; `stepSize` is both sides'. */
function transfer(attack: string, tools: readonly string[], stepSize = EPSILON / STEPS, share = 1): Match {
  return {
    ...{ attack, tools, share, transfer: true, threat: { norm: 'linf', epsilon: EPSILON } },
    ...{ parameters: {}, settings: { steps: STEPS, stepSize } },
  };
}

function search(
  attack: string,
  tools: readonly string[],
  rest: Omit<Match, 'attack' | 'tools' | 'transfer'>,
): Match {
  return { attack, tools, transfer: false, ...rest };
}

const SQUARE = 300;
const SIMBA = 600;

export const MATCHES: readonly Match[] = [
  transfer('pgd', [TORCHATTACKS, FOOLBOX, ART], EPSILON / 4),
  transfer('mi-fgsm', [TORCHATTACKS, ART]),
  transfer('di-fgsm', [TORCHATTACKS]),
  transfer('vmi-fgsm', [TORCHATTACKS], EPSILON / STEPS, 0.25),
  transfer('si-ni-fgsm', [TORCHATTACKS], EPSILON / STEPS, 0.5),
  search('square', [TORCHATTACKS, ART], {
    ...{ threat: { norm: 'linf', epsilon: EPSILON }, share: 0.5 },
    ...{ parameters: { budget: SQUARE }, settings: { budget: SQUARE } },
  }),
  // The tools have no budget, but rounds; ours gets as many queries as theirs took.
  search('hop-skip-jump', [FOOLBOX, ART], {
    ...{ threat: { norm: 'l2', epsilon: 0.5 }, share: 0.125 },
    ...{ parameters: {}, settings: { rounds: 8 } },
  }),
  // The tool knows no epsilon: neither side is held to one.
  search('simba', [ART], {
    ...{ threat: { norm: 'l2', epsilon: 50 }, share: 0.125 },
    ...{ parameters: { budget: SIMBA }, settings: { budget: SIMBA } },
  }),
];
