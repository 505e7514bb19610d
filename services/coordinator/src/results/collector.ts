import type { Plan } from '@unpair/campaign';
import {
  permanentFailure,
  resultOf,
  type ResultAddress,
  type TaskResult,
  type WastedAttempt,
} from '@unpair/protocol';
import { SparseLog, type Clock, type Logger } from '@unpair/platform';
import { outcomeOf, type TaskOutcome } from '../campaigns/outcome.js';
import { Breath } from './breath.js';
import { misfitOf } from './fit.js';
import { Replay } from './replay.js';
import type { ResultEvent, ResultLog } from './result-log.js';
import type { ResultStore } from './result-store.js';

/** Why a message, or what it holds, is not taken in: a label of few values. */
export type SkipReason = 'unreadable' | 'out_of_plan' | 'unknown_campaign' | 'spoilt' | 'repeated';

/** What else wants to know of results, in the order of the stream. */
export interface ResultListener {
  /** The plan of a campaign; undefined where none of that id is known. */
  plan(campaignId: string): Plan | undefined;
  /** A result of a known campaign's plan: its first that is done, or a failed end of one of its rounds. */
  onResult(result: TaskResult, outcome: TaskOutcome): void;
  onWasted(attempt: WastedAttempt): void;
  onSkipped(reason: SkipReason): void;
}

export interface CollectorOptions {
  readonly log: Pick<ResultLog, 'left' | 'read'>;
  readonly store: ResultStore;
  readonly listener: ResultListener;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Milliseconds after which what was taken in is written, however little it is. */
const flushInterval = 500;

const sentences: Readonly<Record<SkipReason, string>> = {
  unreadable: 'skipped a message of the results stream',
  out_of_plan: 'a message is for a task that its campaign does not have',
  unknown_campaign: 'a result belongs to no campaign',
  spoilt: 'a message in place of a result is none; its task has failed',
  repeated: 'a task has its result already; another is accounted for as wasted',
};

type Place = Pick<ResultEvent, 'sequence' | 'time'>;
type Address = Pick<ResultAddress, 'campaignId' | 'index'>;

/** Follows the results stream: tells the campaigns at once, and fills the result store in batches. It trusts no message. */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #warnings: SparseLog;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#warnings = new SparseLog(options);
  }

  /** Collects until aborted. `caughtUp` is called once all results up to `until` are in. */
  async run(until: number, caughtUp: () => void, signal: AbortSignal): Promise<void> {
    const { log, store, clock } = this.#options;
    const flushing = this.#flushRegularly(signal);
    const total = store.sequence < until ? await log.left(store.sequence) : 0;
    const replay = new Replay({ ...this.#options, total });
    if (replay.isOver) caughtUp();
    const breath = new Breath(clock);
    for await (const event of log.read(store.sequence, signal)) {
      this.#take(event);
      if (!replay.isOver && replay.read(event.sequence < until ? event.left : 0)) caughtUp();
      if (store.isFull) await this.#flush(signal);
      await breath.take();
    }
    await flushing;
  }

  #take(event: ResultEvent): void {
    switch (event.kind) {
      case 'result':
        this.#takeResult(event.result, event);
        break;
      case 'spoilt':
        this.#takeSpoilt(event.address, event.reason, event);
        break;
      case 'wasted':
        this.#takeWasted(event.attempt, event);
        break;
      case 'unreadable':
        this.#skip('unreadable', { sequence: event.sequence, reason: event.reason });
    }
    this.#options.store.advance(event);
  }

  /** Only where the campaign is known can a result be held against its plan; the rows of others wait for theirs. */
  #takeResult(result: TaskResult, place: Place): void {
    const { listener } = this.#options;
    const plan = listener.plan(result.campaignId);
    if (plan === undefined) {
      this.#skip('unknown_campaign', about(result, place));
      this.#store(result, place);
      return;
    }
    if (!this.#isPlanned(plan, result, place)) return;
    const problem = result.outcome && misfitOf(plan.task(result.index), result.outcome);
    if (problem !== undefined) {
      this.#takeSpoilt(result, problem, place);
      return;
    }
    const outcome = this.#store(result, place);
    if (outcome !== undefined) listener.onResult(result, outcome);
  }

  /**
   * Where the result of a round belongs lies something that is none. The broker lets nothing follow it there, so that
   * the round ends: the task has failed, and may be tried again in another round.
   */
  #takeSpoilt(address: ResultAddress, problem: string, place: Place): void {
    const { listener } = this.#options;
    const plan = listener.plan(address.campaignId);
    this.#skip('spoilt', { ...about(address, place), reason: problem });
    if (plan === undefined || !this.#isPlanned(plan, address, place)) return;
    const failure = permanentFailure('DATA_LOSS', `The result of the task ${problem}.`);
    const ended = resultOf({ ...address, generation: 0 }, failure);
    const outcome = this.#store(ended, place);
    if (outcome !== undefined) listener.onResult(ended, outcome);
  }

  /** Stores the first done result of a task, and failed ends before it; accounts for any other as wasted. */
  #store(result: TaskResult, { sequence, time }: Place): TaskOutcome | undefined {
    const { store } = this.#options;
    const outcome = outcomeOf(result, { sequence, time, lastError: store.lastErrors.of(result) });
    if (store.addResult(result, outcome)) return outcome;
    this.#skip('repeated', about(result, { sequence }));
    const { campaignId, index, generation, worker } = result;
    if (outcome.queries > 0)
      this.#waste({ campaignId, index, generation, worker, queries: outcome.queries, error: '' });
    return undefined;
  }

  #takeWasted(attempt: WastedAttempt, place: Place): void {
    const plan = this.#options.listener.plan(attempt.campaignId);
    if (plan === undefined || this.#isPlanned(plan, attempt, place)) this.#waste(attempt);
  }

  #waste(attempt: WastedAttempt): void {
    this.#options.store.addWasted(attempt);
    this.#options.listener.onWasted(attempt);
  }

  #isPlanned(plan: Plan, address: Address, place: Place): boolean {
    if (address.index >= 0 && address.index < plan.size) return true;
    this.#skip('out_of_plan', about(address, place));
    return false;
  }

  #skip(reason: SkipReason, what: Readonly<Record<string, unknown>>): void {
    this.#options.listener.onSkipped(reason);
    this.#warnings.warn(what, sentences[reason]);
  }

  /** While rows cannot be written nothing more is read, so that memory stays bounded. */
  async #flush(signal: AbortSignal): Promise<void> {
    const { store, clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await store.flush();
        return;
      } catch (error) {
        logger.error({ error }, 'rows could not be written; trying again');
        await clock.sleep(2_000, signal).catch(() => undefined);
      }
    }
  }

  async #flushRegularly(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(flushInterval, signal).catch(() => undefined);
      await this.#flush(signal);
    }
  }
}

function about(
  { campaignId, index }: Address,
  { sequence }: Pick<Place, 'sequence'>,
): Readonly<Record<string, unknown>> {
  return { campaign: campaignId, task: index, sequence };
}
