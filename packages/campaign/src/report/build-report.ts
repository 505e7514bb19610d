import type { Choice } from '@unpair/attacks';
import type {
  AccuracyRow,
  KeyOf,
  ListedKind,
  MaskingRow,
  RowOf,
  SimilarityInputs,
  SimilarityRow,
} from '@unpair/measurements';
import {
  accuracyKind,
  alignmentKind,
  attackKind,
  maskingKind,
  nearChance,
  similarityKind,
} from '@unpair/measurements';
import type { TrainingPoint } from '@unpair/training';
import { maskedModels, undefendedOf } from '../adaptive/defences.js';
import type { Campaign, ModelEntry } from '../campaign.js';
import type { Pair } from '../pairs.js';
import { fileOf, originOf } from '../derivation.js';
import { pairsOf } from '../pairs.js';
import { leftOutOf } from '../requirements.js';
import type { Cell, Plan } from '../plan.js';
import type { ResultSource } from '../results/result-source.js';
import { ResultsDigest } from '../results/results-digest.js';
import type { RowGroup } from '../results/rows.js';
import { ACCOUNTING_RULE } from './accounting.js';
import { amplification, comparisonsOf } from './amplification.js';
import { attackReport } from './attack-report.js';
import type { Draw } from './draws.js';
import { drawHere } from './draws.js';
import { defenceReport } from './defence/build-defence.js';
import { Levels } from './defence/levels.js';
import { tradeOff } from './defence/trade-off.js';
import type { DefenceReport } from './defence/types.js';
import { rate } from './estimates.js';
import { explanations } from './explanation.js';
import type { Attacked } from './gradient-warnings.js';
import { gradientWarnings } from './gradient-warnings.js';
import type { Outcome } from './outcomes.js';
import { outcomesOf } from './outcomes.js';
import type {
  AmplificationReport,
  AttackReport,
  IntegrityReport,
  ModelReport,
  Provenance,
  Report,
  SimilarityReport,
  SourceReport,
} from './report.js';
import type { PairRows } from './similarity-report.js';
import { buildVerdict } from './verdict/build-verdict.js';
import { Window } from './window.js';

/** What is known of a model's file. */
export interface ModelFacts {
  /** SHA-256 of the ONNX file, lower-case hex. */
  readonly digest: string | null;
  /** Number of weights. */
  readonly parameters: number | null;
  readonly bytes: number | null;
  /** What is known of the published file that it was made from. */
  readonly source?: { readonly format: string; readonly digest: string } | undefined;
  readonly nonZero: number | null;
  readonly macs: number | null;
  /** Queries to the full model that making it took. */
  readonly queries: number | null;
  /** Why it could not be derived. */
  readonly failure: string | null;
  /** The course of its training, where there was any. */
  readonly training?: readonly TrainingPoint[] | undefined;
}

/** What a report is made from: the campaign, its rows, and what the cluster knows about the run. */
export interface ReportInput {
  readonly campaign: Campaign;
  /** `planCampaign(campaign)`. */
  readonly plan: Plan;
  readonly results: ResultSource;
  /** By name in the campaign; a model that is absent is one whose file does not exist yet. */
  readonly models: ReadonlyMap<string, ModelFacts>;
  /** What trials came to, by the cells that attack with what they chose. */
  readonly choices?: ReadonlyMap<string, Choice>;
  /** Counts of the run; the number of tasks and the digest come from the plan and the rows. */
  readonly integrity: Omit<IntegrityReport, 'tasks' | 'resultsDigest'>;
  readonly provenance: Omit<Provenance, 'seed' | 'file'>;
  /** The text of the campaign file, which the report repeats. */
  readonly file?: string | undefined;
}

/**
 * Builds the report over the rows there are; what has no rows yet is left out. The same rows give the same report,
 * bit by bit: bootstraps are seeded by the campaign's seed.
 * @throws the signal's reason when it aborts between two groups of rows, and whatever the source throws.
 */
export async function buildReport(input: ReportInput, options: ReportOptions = {}): Promise<Report> {
  return new ReportBuilder(input, options).build();
}

export interface ReportOptions {
  readonly signal?: AbortSignal;
  /** Awaited between pieces of some tens of milliseconds, for a process that has other things to do. */
  readonly pause?: () => Promise<void>;
  /** Computes what takes long; here, unless said. */
  readonly draw?: Draw;
}

/** What is computed elsewhere while the next rows are read, at most. */
const DRAWS_AT_ONCE = 64;

/** Two models, and how alike they are. */
interface Compared {
  readonly pair: Pair;
  readonly report: SimilarityReport;
}

class ReportBuilder {
  readonly #input: ReportInput;
  readonly #options: ReportOptions;
  readonly #digest = new ResultsDigest();
  readonly #outcomes = new Map<string, readonly Outcome[]>();
  readonly #draw: Draw;

  constructor(input: ReportInput, options: ReportOptions) {
    this.#input = input;
    this.#options = options;
    this.#draw = options.draw ?? drawHere(() => this.#pause());
  }

  async #pause(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    await this.#options.pause?.();
  }

  async build(): Promise<Report> {
    const { campaign, plan, integrity, provenance } = this.#input;
    const models = await this.#models();
    const compared = await this.#similarity();
    const similarity = compared.map(({ report }) => report);
    const apart = compared.filter(({ pair }) => !pair.surrogate.models.includes(pair.target));
    const attacked = await this.#attacks();
    const attacks = attacked.map(({ report }) => report);
    const amplification = await this.#amplification();
    const asked = attacks.filter(({ adaptive }) => !adaptive);
    const defence = await this.#defence(attacks);
    const found = {
      name: campaign.name,
      accounting: ACCOUNTING_RULE,
      models,
      warnings: gradientWarnings(attacked, similarity),
      leftOut: leftOutOf(campaign),
      similarity,
      attacks,
      amplification,
      explanation: await explanations(
        { similarity: apart.map(({ report }) => report), attacks: asked, amplification },
        { seed: campaign.seed, explainOne: (point) => this.#draw('explanation', point) },
      ),
      defence,
      tradeOff: tradeOff(campaign, { models, attacks: asked, amplification }),
      integrity: { ...integrity, tasks: plan.size, resultsDigest: this.#digest.hex() },
      provenance: { file: this.#input.file ?? null, seed: campaign.seed, ...provenance },
    };
    const { name, ...rest } = found;
    return { name, verdict: buildVerdict(campaign, found), ...rest };
  }

  async #models(): Promise<readonly ModelReport[]> {
    const { campaign, results, models } = this.#input;
    const reports: ModelReport[] = [];
    for (const [id, entry] of campaign.models) {
      await this.#pause();
      const rows = await this.#rows(accuracyKind, { model: id });
      const of = originOf(entry) ?? null;
      const known = entry.kind === 'endpoint' ? UNKNOWN : models.get(id);
      const { source, training = null, ...facts } = known ?? UNKNOWN;
      reports.push({
        id,
        of,
        kind: entry.kind,
        ...facts,
        accuracy: shareOf(rows, ({ label, predicted }) => label === predicted),
        nearChance: nearChance(rows) ?? null,
        agreement: of === null ? null : agreementOf(rows, await results.rows(accuracyKind, { model: of })),
        source: sourceReport(entry, source),
        training,
      });
    }
    return reports;
  }

  async #similarity(): Promise<readonly Compared[]> {
    const { campaign } = this.#input;
    const compared = new Window<Compared | null>(DRAWS_AT_ONCE);
    for (const pair of pairsOf(campaign)) {
      const likened = { pair, rows: await this.#pairRows(pair), seed: campaign.seed };
      const report = this.#draw('similarity', likened);
      await compared.add(report.then((found) => found && { pair, report: found }));
    }
    return (await compared.all()).filter((found) => found !== null);
  }

  async #pairRows({ surrogate, target }: Pair): Promise<PairRows> {
    const pair = { surrogate: surrogate.name, target };
    await this.#pause();
    const similarity = (inputs: SimilarityInputs): Promise<readonly SimilarityRow[]> =>
      this.#rows(similarityKind, { ...pair, inputs });
    return {
      clean: await similarity('clean'),
      noised: await similarity('noised'),
      adversarial: await similarity('adversarial'),
      alignment: await this.#rows(alignmentKind, pair),
    };
  }

  async #attacks(): Promise<readonly Attacked[]> {
    const { campaign, plan, choices } = this.#input;
    const { seed } = campaign;
    const attacked = new Window<Attacked>(DRAWS_AT_ONCE);
    for (const cell of plan.cells) {
      await this.#pause();
      const rows = await this.#rows(attackKind, { cell: cell.id });
      if (rows.length === 0) continue;
      const outcomes = outcomesOf(cell, rows);
      this.#outcomes.set(cell.id, outcomes);
      const choice = choices?.get(cell.id);
      const report = attackReport(cell, rows, outcomes, { seed, draw: this.#draw, choice });
      await attacked.add(report.then((found) => ({ cell, report: found })));
    }
    return attacked.all();
  }

  async #amplification(): Promise<readonly AmplificationReport[]> {
    const { campaign, plan } = this.#input;
    const asked = plan.cells.filter(({ adaptive }) => !adaptive);
    const reports = new Window<AmplificationReport | null>(DRAWS_AT_ONCE);
    const options = { seed: campaign.seed, draw: this.#draw };
    for (const comparison of comparisonsOf(asked, campaign.models)) {
      await this.#pause();
      const [own, base] = [this.#outcomesOf(comparison.cell), this.#outcomesOf(comparison.baseline)];
      await reports.add(amplification(comparison, own, base, options));
    }
    return (await reports.all()).filter((report) => report !== null);
  }

  async #defence(attacks: readonly AttackReport[]): Promise<readonly DefenceReport[]> {
    const { campaign, plan, results, models } = this.#input;
    const levels = new Levels(campaign, plan, this.#outcomes);
    const gradients = new Map(attacks.map((report) => [report.cell, report.gradients]));
    const masking = new Map<string, readonly MaskingRow[]>();
    for (const model of maskedModels(campaign.adaptive)) {
      masking.set(model, await this.#rows(maskingKind, { model }));
    }
    const reports: DefenceReport[] = [];
    for (const defence of campaign.adaptive.defences) {
      await this.#pause();
      const accuracy = new Map<string, readonly AccuracyRow[]>();
      for (const model of [defence.sibling, undefendedOf(defence, campaign)]) {
        if (model !== null) accuracy.set(model, await results.rows(accuracyKind, { model }));
      }
      const evidence = {
        ...{ campaign, plan, levels },
        accuracy: (model: string) => accuracy.get(model) ?? [],
        masking: masking.get(defence.sibling) ?? [],
        queriesOf: (model: string) => models.get(model)?.queries ?? null,
        gradientsOf: ({ id }: Cell) => gradients.get(id) ?? null,
      };
      reports.push(defenceReport(defence, evidence));
    }
    return reports;
  }

  /** The rows of a group, which enter the digest. */
  async #rows<K extends ListedKind>(kind: K, key: KeyOf<K>): Promise<readonly RowOf<K>[]> {
    const rows = await this.#input.results.rows(kind, key);
    this.#digest.add({ kind: kind.name, ...key, rows } as unknown as RowGroup);
    return rows;
  }

  #outcomesOf(cell: Cell): readonly Outcome[] {
    return this.#outcomes.get(cell.id) ?? [];
  }
}

function sourceReport(entry: ModelEntry, source: ModelFacts['source']): SourceReport | null {
  const file = fileOf(entry);
  if (file === undefined) return null;
  const options = entry.kind === 'file' ? (entry.options ?? {}) : {};
  return { file, format: source?.format ?? null, digest: source?.digest ?? null, options };
}

/** Share of rows that pass, with its interval; null without rows. */
function shareOf(
  rows: readonly AccuracyRow[],
  passes: (row: AccuracyRow) => boolean,
): ModelReport['accuracy'] {
  const share = rate(rows.filter(passes).length, rows.length);
  return share === null ? null : { ...share, samples: rows.length };
}

/** Share of samples for which two models predict the same class, over those that both have seen. */
function agreementOf(rows: readonly AccuracyRow[], others: readonly AccuracyRow[]): ModelReport['agreement'] {
  const predictions = new Map(others.map(({ sample, predicted }) => [sample, predicted]));
  const shared = rows.filter(({ sample }) => predictions.has(sample));
  return shareOf(shared, ({ sample, predicted }) => predicted === predictions.get(sample));
}

const UNKNOWN: ModelFacts = {
  digest: null,
  parameters: null,
  bytes: null,
  nonZero: null,
  macs: null,
  queries: null,
  failure: null,
};
