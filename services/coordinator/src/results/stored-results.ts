import type {
  AccuracyRow,
  AlignmentRow,
  AttackRow,
  MaskingRow,
  ResultSource,
  SimilarityInputs,
  SimilarityRow,
} from '@unpair/campaign';
import type { ResultStore } from './result-store.js';

/** A campaign's rows for its report, one group at a time. */
export class StoredResults implements ResultSource {
  readonly #store: ResultStore;
  readonly #campaignId: string;

  constructor(store: ResultStore, campaignId: string) {
    this.#store = store;
    this.#campaignId = campaignId;
  }

  async accuracy(model: string): Promise<readonly AccuracyRow[]> {
    const rows = await this.#store.query(
      'SELECT sample, label, predicted FROM accuracy WHERE campaign = $1 AND model = $2 ORDER BY sample',
      [this.#campaignId, model],
    );
    return rows.map((row) => ({
      sample: Number(row['sample']),
      label: Number(row['label']),
      predicted: Number(row['predicted']),
    }));
  }

  async similarity(
    surrogate: string,
    target: string,
    inputs: SimilarityInputs,
  ): Promise<readonly SimilarityRow[]> {
    const rows = await this.#store.query(
      `SELECT sample, cosine, surrogate_norm, target_norm, agree, kl_divergence, logit_correlation,
         surrogate_curvature, target_curvature
       FROM similarity WHERE campaign = $1 AND surrogate = $2 AND target = $3 AND inputs = $4 ORDER BY sample`,
      [this.#campaignId, surrogate, target, inputs],
    );
    return rows.map((row) => ({
      sample: Number(row['sample']),
      cosine: Number(row['cosine']),
      surrogateNorm: Number(row['surrogate_norm']),
      targetNorm: Number(row['target_norm']),
      agree: row['agree'] === true,
      klDivergence: Number(row['kl_divergence']),
      logitCorrelation: Number(row['logit_correlation']),
      surrogateCurvature: Number(row['surrogate_curvature']),
      targetCurvature: Number(row['target_curvature']),
    }));
  }

  async alignment(surrogate: string, target: string): Promise<readonly AlignmentRow[]> {
    const rows = await this.#store.query(
      `SELECT sample, hsic_cross, hsic_surrogate, hsic_target FROM alignment
       WHERE campaign = $1 AND surrogate = $2 AND target = $3 ORDER BY sample`,
      [this.#campaignId, surrogate, target],
    );
    return rows.map((row) => ({
      sample: Number(row['sample']),
      cross: Number(row['hsic_cross']),
      surrogate: Number(row['hsic_surrogate']),
      target: Number(row['hsic_target']),
    }));
  }

  async masking(model: string): Promise<readonly MaskingRow[]> {
    const rows = await this.#store.query(
      `SELECT sample, clean_correct, unbounded, gradient, random, loss_rises
       FROM masking WHERE campaign = $1 AND model = $2 ORDER BY sample`,
      [this.#campaignId, model],
    );
    return rows.map((row) => ({
      sample: Number(row['sample']),
      cleanCorrect: row['clean_correct'] === true,
      unbounded: row['unbounded'] === true,
      gradient: row['gradient'] === true,
      random: row['random'] === true,
      lossRises: row['loss_rises'] === true,
    }));
  }

  async attack(cell: string): Promise<readonly AttackRow[]> {
    const rows = await this.#store.query(
      `SELECT sample, label, clean_correct, surrogate_correct, success, success_rounded, queries, surrogate_queries,
         linf, l2
       FROM attacks WHERE campaign = $1 AND cell = $2 ORDER BY sample`,
      [this.#campaignId, cell],
    );
    return rows.map((row) => ({
      sample: Number(row['sample']),
      label: Number(row['label']),
      cleanCorrect: row['clean_correct'] === true,
      surrogateCorrect: row['surrogate_correct'] === true,
      success: row['success'] === true,
      successRounded: row['success_rounded'] === true,
      queries: Number(row['queries']),
      surrogateQueries: Number(row['surrogate_queries']),
      linf: Number(row['linf']),
      l2: Number(row['l2']),
    }));
  }
}
