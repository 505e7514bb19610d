/** What a model gives back for each input of a batch: one row of `width` numbers. */
export interface Column {
  readonly data: Float32Array;
  readonly width: number;
}

/** Evaluates a batch of inputs, one for each of `owners`; the columns come in a fixed order. */
export type EvaluateBatch<Owner> = (
  inputs: Float32Array,
  owners: readonly Owner[],
) => Promise<readonly Column[]>;

/** A request that waits for a model, and gathers its answer. */
export interface Job<Owner> {
  readonly owner: Owner;
  readonly inputs: Float32Array;
  readonly count: number;
  /** Inputs that went into batches so far. */
  sent: number;
  /** What the batches gave back: for each column, [count, width]. Complete once all inputs are sent. */
  columns: Column[];
}

/**
 * Gathers requests into batches of one model: first come, first served, a large request spread over several batches and
 * several small ones in one. The batch buffers are reused.
 */
export class BatchQueue<Owner> {
  readonly #evaluate: EvaluateBatch<Owner>;
  readonly #batchSize: number;
  readonly #inputs: Float32Array;
  readonly #waiting: Job<Owner>[] = [];
  #size = 0;

  /** @param inputSize numbers in one input */
  constructor(evaluate: EvaluateBatch<Owner>, batchSize: number, inputSize: number) {
    this.#evaluate = evaluate;
    this.#batchSize = batchSize;
    this.#inputs = new Float32Array(batchSize * inputSize);
  }

  /** Inputs that wait. */
  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= this.#batchSize;
  }

  push(owner: Owner, inputs: Float32Array, count: number): void {
    this.#waiting.push({ owner, inputs, count, sent: 0, columns: [] });
    this.#size += count;
  }

  /** Evaluates one batch; returns the requests that it completed, in the order in which they came. */
  async runBatch(): Promise<readonly Job<Owner>[]> {
    const slices = this.#fill();
    const owners = slices.flatMap(({ job, count }) => Array<Owner>(count).fill(job.owner));
    const inputSize = this.#inputs.length / this.#batchSize;
    const columns = await this.#evaluate(this.#inputs.subarray(0, owners.length * inputSize), owners);
    let row = 0;
    for (const { job, first, count: rows } of slices) {
      deliver(job, first, rows, columns, row);
      row += rows;
    }
    return slices.map(({ job }) => job).filter(({ sent, count: wanted }) => sent === wanted);
  }

  /** Moves waiting inputs into the batch buffers, as many as fit. */
  #fill(): readonly Slice<Owner>[] {
    const slices: Slice<Owner>[] = [];
    const inputSize = this.#inputs.length / this.#batchSize;
    let room = this.#batchSize;
    let done = 0;
    for (const job of this.#waiting) {
      if (room === 0) break;
      const count = Math.min(room, job.count - job.sent);
      const row = this.#batchSize - room;
      const source = job.inputs.subarray(job.sent * inputSize, (job.sent + count) * inputSize);
      this.#inputs.set(source, row * inputSize);
      slices.push({ job, first: job.sent, count });
      job.sent += count;
      room -= count;
      if (job.sent === job.count) done++;
    }
    this.#waiting.splice(0, done);
    this.#size -= this.#batchSize - room;
    return slices;
  }
}

/** Rows [first, first + count) of a request, in one batch. */
interface Slice<Owner> {
  readonly job: Job<Owner>;
  readonly first: number;
  readonly count: number;
}

/** Hands a request its rows of a batch's answer; a request that was not split gets views instead of copies. */
function deliver<Owner>(
  job: Job<Owner>,
  first: number,
  count: number,
  columns: readonly Column[],
  row: number,
): void {
  const rows = columns.map(({ data, width }) => ({
    data: data.subarray(row * width, (row + count) * width),
    width,
  }));
  if (count === job.count) {
    job.columns = rows;
    return;
  }
  if (first === 0) {
    job.columns = columns.map(({ width }) => ({ data: new Float32Array(job.count * width), width }));
  }
  rows.forEach(({ data, width }, column) => job.columns[column]?.data.set(data, first * width));
}
