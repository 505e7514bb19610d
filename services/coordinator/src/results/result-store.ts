import { columnsOf, ROW_KINDS, type AnyRow, type RowKind } from '@unpair/measurements';
import { canonicalJson, type Cell, type WorkerShare } from '@unpair/campaign';
import type { StreamPosition } from '@unpair/platform';
import type { TaskResult, WastedAttempt } from '@unpair/protocol';
import type { TaskOutcome } from '../campaigns/outcome.js';
import { Database } from './database.js';
import { FirstResults } from './first-results.js';
import { LastErrors } from './last-errors.js';
import { Groups } from './groups.js';
import { RowWriter, type Value } from './row-writer.js';
import { writeResult, writeWasted } from './result-rows.js';
import { exportTables, rowTable, selectRows, type ExportTable } from './schema.js';

export interface ResultStoreOptions {
  readonly path: string;
  /** Identity of the results stream; a store of another stream starts empty. */
  readonly streamId: string;
  /** Whether the stream still has what was read from it; where it was set back, the store starts empty, too. */
  readonly isHeld?: (position: StreamPosition) => Promise<boolean>;
}

/** What a store knew before this process: enough to resume campaigns without reading all rows again. */
export interface StoredTask extends TaskOutcome {
  readonly campaignId: string;
}

/** An answer of a model to images of a class, and how often it was given. */
export interface StoredAnswer {
  readonly campaignId: string;
  readonly model: string;
  readonly label: number;
  readonly predicted: number;
  readonly count: number;
}

/** Size of a model's file, and its digest when it was derived. */
export interface StoredModel {
  readonly model: string;
  readonly digest: string | null;
  readonly bytes: number;
  readonly parameters: number;
  readonly nonZero: number;
  readonly macs: number | null;
  /** Queries to the full model that making it took; null where no result has said so. */
  readonly queries: number | null;
}

/** A group of rows, and how many it has. */
export interface GroupSize {
  readonly group: number;
  readonly rows: number;
}

/** A campaign with the cells of its plan. */
interface Described {
  readonly id: string;
  readonly plan: { readonly cells: readonly Cell[] };
}

/** What the last result of a task says of how it came about, and how many there were. */
export interface NewestResult {
  readonly results: number;
  readonly worker: string;
  readonly failure: string;
  readonly seconds: number;
  readonly time: Date;
}

const outcomeKinds = ['done', 'failed', 'dead'] as const;

/** Messages, or rows, that are written together: what writing costs once is shared, and memory stays bounded. */
const batchedMessages = 4_096;
const batchedRows = 25_000;

export type ExportFileFormat = 'parquet' | 'csv' | 'json';

/**
 * Per-sample rows in a DuckDB file. It trails the results stream: rows are appended in batches, each together with the
 * position that it reaches, so after a crash exactly the rest is appended.
 */
export class ResultStore implements AsyncDisposable {
  readonly #database: Database;
  #batch = new RowWriter();
  #batched = 0;
  #position: StreamPosition | undefined;
  #flushing: Promise<void> = Promise.resolve();
  readonly #first: FirstResults;
  /** Why attempts at tasks without a result failed. */
  readonly lastErrors: LastErrors;
  readonly #groups: Groups;

  private constructor(
    database: Database,
    position: StreamPosition | undefined,
    known: { readonly first: FirstResults; readonly groups: Groups; readonly errors: LastErrors },
  ) {
    this.#database = database;
    this.#position = position;
    this.#first = known.first;
    this.lastErrors = known.errors;
    this.#groups = known.groups;
  }

  static async open({ path, streamId, isHeld }: ResultStoreOptions): Promise<ResultStore> {
    let database = await Database.open(path, streamId);
    let position = positionFrom(await database.meta('position'));
    if (position !== undefined && (await isHeld?.(position)) === false) {
      database[Symbol.dispose]();
      database = await Database.create(path, streamId);
      position = undefined;
    }
    const errors = await LastErrors.load(database);
    const known = { first: await FirstResults.load(database), groups: await Groups.load(database), errors };
    return new ResultStore(database, position, known);
  }

  /** Position of the last message taken in; the stream is read on from the next one. */
  get sequence(): number {
    return this.#position?.sequence ?? 0;
  }

  /** The last message taken in; undefined before the first. */
  get position(): StreamPosition | undefined {
    return this.#position;
  }

  /** Whether so much is not yet on disk that it is time to write it. */
  get isFull(): boolean {
    return this.#batched >= batchedMessages || this.#batch.rows >= batchedRows;
  }

  /**
   * Takes in a result.
   * @returns false where its task is done already: then nothing is, since only the first result that is done counts
   */
  addResult(result: TaskResult, outcome: TaskOutcome): boolean {
    if (this.#first.has(result)) return false;
    if (outcome.kind === 'done') this.#first.add(result);
    this.lastErrors.settle(result);
    writeResult({ writer: this.#batch, groups: this.#groups }, result, outcome);
    return true;
  }

  addWasted(attempt: WastedAttempt): void {
    writeWasted(this.#batch, attempt);
    if (!this.#first.has(attempt)) this.lastErrors.note(attempt);
  }

  /** Says that everything up to a position of the stream has been taken in. */
  advance({ sequence, time, subject }: StreamPosition): void {
    this.#position = { sequence, time, subject };
    this.#batched++;
  }

  /** Writes what was taken in so far; what cannot be written (a full disk) is kept for the next time. */
  flush(): Promise<void> {
    const flushing = this.#flushing.then(() => this.#flush());
    this.#flushing = flushing.catch(() => undefined);
    return flushing;
  }

  async #flush(): Promise<void> {
    if (this.#batched === 0) return;
    const [batch, batched, position] = [this.#batch, this.#batched, this.#position];
    this.#batch = new RowWriter();
    this.#batched = 0;
    try {
      await this.#database.append(batch, 'position', JSON.stringify(position));
    } catch (error) {
      batch.absorb(this.#batch);
      this.#batch = batch;
      this.#batched += batched;
      throw error;
    }
  }

  /** Names of the cells of campaigns, so that exports can say target, surrogate and attack. */
  async describeCells(campaigns: Iterable<Described>): Promise<void> {
    const rows = await this.#database.rows('SELECT DISTINCT campaign FROM cells');
    const known = new Set(rows.map((row) => row['campaign']));
    const fresh = [...campaigns].filter(({ id }) => !known.has(id));
    if (fresh.length === 0) return;
    const writer = new RowWriter();
    for (const campaign of fresh) {
      for (const { id, target, surrogate, attack, parameters, norm, epsilon } of campaign.plan.cells) {
        const names = [campaign.id, id, target, surrogate?.name ?? null, attack] as const;
        writer.add('cells', ...names, canonicalJson(parameters), norm, epsilon);
      }
    }
    await this.#database.append(writer, 'cells', 'described');
  }

  /** Outcomes of all tasks, of one campaign or of all, in the order of the stream. */
  async tasks(campaignId = ''): Promise<StoredTask[]> {
    const rows = await this.query(
      `SELECT t.campaign, t.task, t.round, t.sequence, t.time_ms, t.kind, t.queries, t.seconds, t.failure, m.model, m.digest
      FROM tasks t LEFT JOIN models m ON m.campaign = t.campaign AND m.task = t.task AND m.digest IS NOT NULL
        AND t.kind = 'done'
      WHERE $1 IN ('', t.campaign) ORDER BY t.sequence`,
      [campaignId],
    );
    return rows.map((row) => ({
      campaignId: String(row['campaign']),
      index: Number(row['task']),
      round: Number(row['round']),
      sequence: Number(row['sequence']),
      time: new Date(Number(row['time_ms'])),
      kind: outcomeKinds.find((kind) => kind === row['kind']) ?? 'dead',
      queries: Number(row['queries']),
      seconds: Number(row['seconds']),
      failure: String(row['failure']),
      derived: derivedOf(row),
    }));
  }

  /** How often each model of a campaign, or of all, answered what to which class. */
  async answers(campaignId = ''): Promise<readonly StoredAnswer[]> {
    const rows = await this.query(
      `SELECT campaign, model, label, predicted, count(*) AS count FROM accuracy
      WHERE $1 IN ('', campaign) GROUP BY campaign, model, label, predicted`,
      [campaignId],
    );
    return rows.map((row) => ({
      campaignId: String(row['campaign']),
      model: String(row['model']),
      label: Number(row['label']),
      predicted: Number(row['predicted']),
      count: Number(row['count']),
    }));
  }

  /** Wasted queries of a campaign, or of every one that has any. */
  async wasted(campaignId = ''): Promise<ReadonlyMap<string, number>> {
    const rows = await this.query(
      `SELECT campaign, sum(queries) AS queries FROM wasted WHERE $1 IN ('', campaign) GROUP BY campaign`,
      [campaignId],
    );
    return new Map(rows.map((row) => [String(row['campaign']), Number(row['queries'])]));
  }

  /** Models of a campaign of which a result has said something. */
  async models(campaignId: string): Promise<StoredModel[]> {
    const rows = await this.query(
      `SELECT model, max(digest) AS digest, max(bytes) AS bytes, max(parameters) AS parameters,
         max(non_zero) AS non_zero, max(macs) AS macs, max(queries) AS queries
       FROM models WHERE campaign = $1 GROUP BY model`,
      [campaignId],
    );
    return rows.map((row) => ({
      model: String(row['model']),
      digest: typeof row['digest'] === 'string' ? row['digest'] : null,
      bytes: Number(row['bytes']),
      parameters: Number(row['parameters']),
      nonZero: Number(row['non_zero']),
      macs: row['macs'] === null ? null : Number(row['macs']),
      queries: row['queries'] === null ? null : Number(row['queries']),
    }));
  }

  /** Who computed how many of a campaign's results, and with which runtime on which device; in a fixed order. */
  async workerShares(campaignId: string): Promise<WorkerShare[]> {
    const sql = `SELECT worker, runtime, count(*) AS results FROM tasks
      WHERE campaign = $1 AND runtime <> '' GROUP BY worker, runtime ORDER BY worker, runtime`;
    return (await this.query(sql, [campaignId])).map(({ worker, runtime, results }) => ({
      worker: String(worker),
      runtime: String(runtime),
      results: Number(results),
    }));
  }

  /** The newest results of tasks of a campaign, by index. */
  async newest(campaignId: string, tasks: readonly number[]): Promise<ReadonlyMap<number, NewestResult>> {
    const list = tasks.map(Math.trunc).join(', ') || 'NULL';
    const rows = await this.query(
      `SELECT task, count(*) AS results, arg_max(worker, sequence) AS worker, arg_max(failure, sequence) AS failure,
         arg_max(seconds, sequence) AS seconds, max(time_ms) AS time_ms
       FROM tasks WHERE campaign = $1 AND task IN (${list}) GROUP BY task`,
      [campaignId],
    );
    return new Map(
      rows.map((row) => [
        Number(row['task']),
        {
          results: Number(row['results']),
          worker: String(row['worker']),
          failure: String(row['failure']),
          seconds: Number(row['seconds']),
          time: new Date(Number(row['time_ms'])),
        },
      ]),
    );
  }

  /** Tasks of a campaign whose newest result failed with this text in the reason, in whatever case. */
  async tasksWithError(campaignId: string, text: string): Promise<ReadonlySet<number>> {
    const rows = await this.query(
      `SELECT task FROM tasks WHERE campaign = $1 GROUP BY task
       HAVING contains(lower(arg_max(failure, sequence)), lower($2))`,
      [campaignId, text],
    );
    return new Set(rows.map(({ task }) => Number(task)));
  }

  /** Forgets everything about a campaign. */
  async remove(campaignId: string): Promise<void> {
    await this.flush();
    this.#first.forget(campaignId);
    this.lastErrors.forget(campaignId);
    this.#groups.forget(campaignId);
    const ids = 'SELECT id FROM groups WHERE campaign = $1';
    for (const kind of ROW_KINDS)
      await this.#database.run(`DELETE FROM ${rowTable(kind)} WHERE grp IN (${ids})`, [campaignId]);
    for (const table of ['groups', 'tasks', 'wasted', 'models', 'training', 'cells'])
      await this.#database.run(`DELETE FROM ${table} WHERE campaign = $1`, [campaignId]);
  }

  /** The number of a group of rows; undefined where it has none. */
  group(kind: RowKind, campaignId: string, key: readonly string[]): number | undefined {
    return this.#groups.find(kind, campaignId, key);
  }

  /** How many rows each group of a kind has, in the order in which their first rows came. */
  async groupSizes(kind: RowKind, campaignId: string): Promise<readonly GroupSize[]> {
    const rows = await this.query(
      `SELECT grp, count(*) AS rows FROM ${rowTable(kind)}
        WHERE grp IN (SELECT id FROM groups WHERE campaign = $1 AND kind = $2) GROUP BY grp ORDER BY grp`,
      [campaignId, kind.name],
    );
    return rows.map(({ grp, rows: count }) => ({ group: Number(grp), rows: Number(count) }));
  }

  /** The rows of some groups, by sample; of two of one sample, the first. */
  async groupRows(kind: RowKind, groups: readonly number[]): Promise<ReadonlyMap<number, readonly AnyRow[]>> {
    await this.flush();
    const found = new Map<number, AnyRow[]>(groups.map((group) => [group, []]));
    const fields = ['sample', ...columnsOf(kind).map(({ field }) => field)];
    await this.#database.visit(selectRows(kind, groups), ([ids = [], ...columns]) => {
      ids.forEach((group, at) => {
        const rows = found.get(Number(group));
        const row: Record<string, unknown> = {};
        fields.forEach((field, column) => (row[field] = columns[column]?.[at]));
        if (rows?.at(-1)?.sample !== row['sample']) rows?.push(row as AnyRow);
      });
    });
    return found;
  }

  /** Rows of a query over all that was taken in. */
  async query(sql: string, values: string[]): Promise<Record<string, Value>[]> {
    await this.flush();
    return this.#database.rows(sql, values);
  }

  /** Writes one table of a campaign to a file. */
  async export(
    campaignId: string,
    table: ExportTable,
    format: ExportFileFormat,
    path: string,
  ): Promise<void> {
    await this.flush();
    const select = (exportTables.get(table) ?? '').replaceAll(':campaign', quote(campaignId));
    const options = {
      parquet: 'FORMAT parquet, COMPRESSION zstd',
      csv: 'FORMAT csv, HEADER',
      json: 'FORMAT json',
    };
    await this.#database.run(`COPY (${select}) TO ${quote(path)} (${options[format]})`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush().catch(() => undefined);
    this.#database[Symbol.dispose]();
  }
}

function positionFrom(json: string | undefined): StreamPosition | undefined {
  if (json === undefined) return undefined;
  const position = JSON.parse(json) as StreamPosition & { readonly time: string };
  return { ...position, time: new Date(position.time) };
}

/** COPY takes no parameters. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function derivedOf({ model, digest }: Record<string, Value>): StoredTask['derived'] {
  return typeof model === 'string' && typeof digest === 'string' ? { model, digest } : undefined;
}
