import type { AccuracyRow, MaskingRow } from '@unpair/measurements';
import { bootstrapSamples, createRandom, resampledMean } from '@unpair/numerics';
import { judgeMasking, lackGradients } from '@unpair/measurements';
import type { GradientHealth, MaskingCheck } from '@unpair/measurements';
import { undefendedOf } from '../../adaptive/defences.js';
import type { Campaign, Defence } from '../../campaign.js';
import type { AdaptiveCell, Cell, Plan } from '../../plan.js';
import { usesQueries } from '../../plan.js';
import { rate } from '../estimates.js';
import type { Levels } from './levels.js';
import { oppositeOf } from './levels.js';
import type {
  AccuracyChange,
  AdaptiveReport,
  DefenceReport,
  ExposureReport,
  MaskingCheckReport,
  MaskingChecks,
} from './types.js';
import { judge } from './verdict.js';

/** What a defence is judged from. */
export interface DefenceEvidence {
  readonly campaign: Campaign;
  readonly plan: Plan;
  readonly levels: Levels;
  /** Rows of the sibling and of the undefended model. */
  readonly accuracy: (model: string) => readonly AccuracyRow[];
  readonly masking: readonly MaskingRow[];
  /** Queries that making a model took; null where none are known of. */
  readonly queriesOf: (model: string) => number | null;
  /** Of a cell's surrogate, on the samples attacked; null where it has none, or no rows. */
  readonly gradientsOf: (cell: Cell) => GradientHealth | null;
}

/** What a defence costs and takes away, and what it does not stand up to. */
export function defenceReport(defence: Defence, evidence: DefenceEvidence): DefenceReport {
  const { campaign, plan, accuracy, masking } = evidence;
  const { sibling, target } = defence;
  const undefended = undefendedOf(defence, campaign);
  const before = undefended === null ? [] : accuracy(undefended);
  const plain = plan.cells.filter(
    (cell) => !cell.adaptive && cell.surrogate?.name === sibling && cell.target === target,
  );
  const adaptive = plan.adaptive.filter(
    ({ defence: tried }) => tried.sibling === sibling && tried.target === target,
  );
  const judged = {
    surrogate: sibling,
    target,
    undefended,
    accuracy: accuracyChange(before, accuracy(sibling), campaign.seed),
    exposure: plain.flatMap((cell) => exposure(cell, undefended, evidence)),
    adaptive: adaptive.flatMap((tried) => adaptiveReport(tried, evidence)),
    masking: maskingChecks(masking),
  };
  const planned = plain.length + adaptive.length + Number(defence.adaptive);
  const had = judged.exposure.length + judged.adaptive.length + Number(judged.masking !== null);
  return judge(judged, planned - had, campaign.models);
}

/** Over the samples that both have seen, since the same images are hard for both. */
function accuracyChange(
  before: readonly AccuracyRow[],
  after: readonly AccuracyRow[],
  seed: number,
): AccuracyChange | null {
  const own = accuracyOf(after);
  if (own === null) return null;
  const others = new Map(before.map((row) => [row.sample, isRight(row)]));
  const shared = after
    .toSorted((a, b) => a.sample - b.sample)
    .flatMap((row) => {
      const other = others.get(row.sample);
      return other === undefined ? [] : [Number(other) - Number(isRight(row))];
    });
  const random = createRandom({ seed, cell: 'defence accuracy', sample: 0 });
  const drop = shared.length === 0 ? null : bootstrapSamples(shared.length, resampledMean(shared), random);
  return { before: accuracyOf(before), after: own, drop, samples: after.length };
}

function accuracyOf(rows: readonly AccuracyRow[]): AccuracyChange['before'] {
  return rate(rows.filter(isRight).length, rows.length);
}

function isRight({ label, predicted }: AccuracyRow): boolean {
  return label === predicted;
}

function exposure(
  cell: Cell,
  undefended: string | null,
  evidence: DefenceEvidence,
): readonly ExposureReport[] {
  const { levels } = evidence;
  const outcomes = levels.outcomesOf(cell);
  if (outcomes.length === 0) return [];
  const before = undefended === null ? undefined : levels.through(undefended, cell);
  return [
    {
      ...tried(cell, cell.target, evidence),
      before: before === undefined ? null : levels.levelOf(before),
      after: levels.levelOf(cell),
      cut: before === undefined || usesQueries(cell) ? null : levels.cut(cell, before),
    },
  ];
}

function adaptiveReport(
  { attacker, cell, defence }: AdaptiveCell,
  evidence: DefenceEvidence,
): readonly AdaptiveReport[] {
  const { levels, queriesOf } = evidence;
  if (levels.outcomesOf(cell).length === 0) return [];
  const { target } = cell;
  const surrogate = cell.surrogate.name;
  const imitationQueries = attacker === 'imitation' ? queriesOf(surrogate) : null;
  const common = tried(cell, defence.target, evidence);
  return [{ attacker, target, surrogate, ...common, ...levels.levelOf(cell), imitationQueries }];
}

type Tried = Pick<
  AdaptiveReport,
  'attack' | 'parameters' | 'norm' | 'epsilon' | 'samples' | 'gradients' | 'stranger' | 'beats'
>;

function tried(cell: Cell, target: string, evidence: DefenceEvidence): Tried {
  const { attack, parameters, norm, epsilon } = cell;
  return {
    ...{ attack, parameters, norm, epsilon },
    samples: evidence.levels.outcomesOf(cell).length,
    gradients: evidence.gradientsOf(cell),
    ...heldAgainst(cell, target, evidence),
  };
}

/**
 * The stranger that comes furthest. One without gradients might have come further: it lets the defence pass, and where it
 * would let it fail, the furthest with gradients is asked instead; without one, nothing is said.
 */
function heldAgainst(
  cell: Cell,
  target: string,
  { levels, gradientsOf }: DefenceEvidence,
): Pick<Tried, 'stranger' | 'beats'> {
  const lacks = (other: Cell): boolean => {
    const health = gradientsOf(other);
    return health !== null && lackGradients(health);
  };
  const held = (other: Cell, beats: boolean | null): Pick<Tried, 'stranger' | 'beats'> => {
    const surrogate = oppositeOf(other, target)?.name ?? '';
    return { stranger: { surrogate, ...levels.levelOf(other), gradients: gradientsOf(other) }, beats };
  };
  const strangers = levels.strangersOf(cell, target);
  const [furthest] = strangers;
  if (furthest === undefined) return { stranger: null, beats: null };
  const beats = levels.beats(cell, furthest);
  if (beats !== true || !lacks(furthest)) return held(furthest, beats);
  const sound = strangers.find((other) => !lacks(other));
  return sound === undefined ? held(furthest, null) : held(sound, levels.beats(cell, sound));
}

function maskingChecks(rows: readonly MaskingRow[]): MaskingChecks | null {
  if (rows.length === 0) return null;
  const { unboundedAttack, randomSearchOnly, lossRises, gradients } = judgeMasking(rows);
  return {
    unboundedAttack: checkReport(unboundedAttack),
    randomSearchOnly: checkReport(randomSearchOnly),
    lossRises: checkReport(lossRises),
    gradients,
  };
}

/** A report is JSON, which has no NaN. */
function checkReport({ passed, value, bound, samples }: MaskingCheck): MaskingCheckReport {
  return { passed, value: Number.isNaN(value) ? null : value, bound, samples };
}
