import { parseCampaign, planCampaign } from '@unpair/campaign';
import {
  CampaignState,
  Stage,
  workKinds,
  type CampaignRecord,
  type Task,
  type WorkKind,
} from '@unpair/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CampaignRun } from '../src/campaigns/campaign-run.js';
import type { TaskOutcome } from '../src/campaigns/outcome.js';
import { newRecord } from '../src/campaigns/records.js';
import { withChoice } from '../src/campaigns/task-choice.js';
import { TaskStates, type TaskState } from '../src/campaigns/task-states.js';
import { requestFor, spec } from './support/campaign-file.js';

/** Of two derived models, of which only the first is attacked through. */
const twoModels = spec.replace('targets:', '  pruned: { prune: { of: full } }\ntargets:');

function runOf(text: string, seconds: () => number = () => 0, from?: CampaignRecord): CampaignRun {
  const parsed = parseCampaign(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  const { campaign: file } = parsed;
  const request = requestFor('run', text);
  const record = from ?? { ...newRecord(request, new Date(0)), id: 'c-1' };
  return new CampaignRun({ record, file, plan: planCampaign(file), seconds });
}

/** Takes every task that can run now, of a kind where one is named. */
function release(run: CampaignRun, kind?: WorkKind): readonly Task[] {
  const tasks: Task[] = [];
  for (let task = run.next(kind); task !== undefined; task = run.next(kind)) tasks.push(task);
  return tasks;
}

function outcomeOf({ index, work }: Task, kind: TaskOutcome['kind'] = 'done'): TaskOutcome {
  const model = work?.$case === 'derive' && kind === 'done' ? work.value.model : undefined;
  return {
    ...{ index, round: 0, kind, sequence: index + 1, time: new Date(0), queries: 0, seconds: 0 },
    failure: '',
    derived: model === undefined ? undefined : { model, digest: 'ab'.repeat(32) },
  };
}

const stageOf = (run: CampaignRun): string | undefined => run.snapshot().progress?.stage;

test('the stage is the earliest that is not over, whatever runs beside it', () => {
  const run = runOf(twoModels);
  expect(stageOf(run)).toBe(Stage.DERIVE);
  const [quantizing, pruning, ...others] = release(run);
  if (quantizing === undefined || pruning === undefined) throw new Error('two derivations');
  expect(others.length).toBeGreaterThan(0);
  run.accept(outcomeOf(quantizing));
  const beside = [...others, ...release(run)];
  // All but what is measured of the other model: attacks as well.
  expect(beside.map(({ work }) => work?.$case)).toContain('attack');
  for (const task of beside) run.accept(outcomeOf(task));
  expect(stageOf(run)).toBe(Stage.DERIVE);
  run.accept(outcomeOf(pruning));
  expect(stageOf(run)).toBe(Stage.MEASURE);
  for (const task of release(run)) run.accept(outcomeOf(task));
  expect([stageOf(run), run.ended]).toEqual([Stage.UNSPECIFIED, true]);
});

describe('the time left', () => {
  const timed = (task: Task, seconds: number, at: number): TaskOutcome => ({
    ...outcomeOf(task),
    ...{ seconds, time: new Date(1_000 * at) },
  });
  const left = (run: CampaignRun): number => run.snapshot().progress?.secondsLeft ?? NaN;

  test('is what tasks of each kind took so far, by the tasks that are worked on at a time', () => {
    const run = runOf(spec);
    expect(left(run)).toBe(0);
    const [quantizing, ...others] = release(run);
    if (quantizing === undefined) throw new Error('a derivation');
    run.accept(timed(quantizing, 5, 0));
    const tasks = [...others, ...release(run)];
    const cost = ({ work }: Task): number => (work?.$case === 'attack' ? 6 : 2);
    const [last, ...rest] = tasks.toReversed();
    let at = 0;
    // Two workers: of what they take for the tasks, half goes by.
    for (const task of rest.toReversed()) run.accept(timed(task, cost(task), (at += cost(task) / 2)));
    if (last?.work?.$case !== 'attack') throw new Error('an attack');
    expect(left(run)).toBeCloseTo(3);
    expect(run.workload.open('attack')).toBe(1);
    expect(run.workload.open('measure')).toBe(0);
    expect(run.workload.spent('train')).toBe(5);
  });

  test('is told while a model trains, of which all attacks wait', () => {
    const run = runOf(spec);
    const [quantizing, ...measured] = release(run);
    if (quantizing === undefined) throw new Error('a derivation');
    const training = { model: 'int8', step: 1, steps: 4, epochs: 1, loss: 1, accuracy: 0, measures: {} };
    run.train(quantizing.index, { ...training, secondsLeft: 300 });
    expect(left(run)).toBe(300);
    for (const task of measured) run.accept(timed(task, 0.1, 0));
    // Now it is known what a run of a model takes, and with that roughly what attacks will.
    expect(left(run)).toBeGreaterThan(301);
    expect(left(run)).toBeLessThan(400);
  });
});

describe('a campaign whose file allows nothing', () => {
  const strict = twoModels.replace('allow: near-chance\n', '');
  const answers = (predict: (label: number) => number) =>
    Array.from({ length: 20 }, (_, sample) => ({ label: sample % 10, predicted: predict(sample % 10) }));

  test('measures its files before it does anything else', () => {
    const run = runOf(strict);
    const files = release(run);
    expect(files.map(({ work }) => work?.$case)).toEqual(Array(4).fill('accuracy'));
    run.answered(
      'full',
      answers((label) => label),
    );
    for (const task of files) {
      expect(release(run)).toEqual([]);
      run.accept(outcomeOf(task));
    }
    const rest = release(run);
    expect(rest[0]?.work?.$case).toBe('derive');
    const indices = [...files, ...rest].map(({ index }) => index);
    expect(new Set(indices).size).toBe(indices.length);
    expect(run.state).toBe(CampaignState.RUNNING);
  });

  test('ends where one of them answers by chance, and arrives there again after a restart', () => {
    const [run, again] = [runOf(strict), runOf(strict)];
    const files = release(run);
    run.answered(
      'full',
      answers(() => 3),
    );
    again.answered('full', [
      ...answers(() => 3)
        .slice(0, 10)
        .map((answer) => ({ ...answer, count: 2 })),
    ]);
    for (const task of files) run.accept(outcomeOf(task));
    for (const task of files.toReversed()) again.accept(outcomeOf(task));
    for (const ended of [run, again]) {
      expect(release(ended)).toEqual([]);
      expect([ended.ended, ended.state]).toEqual([true, CampaignState.FAILED]);
      expect(ended.snapshot().failures).toEqual([
        'full is right on 2 of 20 samples (10.0 %), hardly better than guessing among 10 classes (10.0 %): check its ' +
          'layout, preprocessing (range, channels, mean, std) and the order of its classes, or say allow: [near-chance]',
      ]);
      expect([ended.count('done'), ended.count('cancelled')]).toEqual([4, ended.plan.size - 4]);
    }
  });

  test('goes on with what could not be measured', () => {
    const run = runOf(strict);
    for (const task of release(run)) run.accept(outcomeOf(task, 'dead'));
    expect(release(run).length).toBeGreaterThan(0);
  });
});

describe('a campaign with maxQueries', () => {
  // 4 searches of up to 500.
  const capped = spec.replace('  - mi-fgsm: {}\n', '').replace('shardSize:', 'maxQueries: 1000\nshardSize:');
  const isSearch = ({ work }: Task): boolean => work?.$case === 'attack' && work.value.attack === 'rgf';
  const spending = (task: Task, queries: number): TaskOutcome => ({ ...outcomeOf(task), queries });

  /** As workers ask for them, one kind of work after the other. */
  const releaseAll = (run: CampaignRun): readonly Task[] => workKinds.flatMap((kind) => release(run, kind));

  /** Everything done but the searches that were released. */
  function searching(): readonly [CampaignRun, readonly Task[]] {
    const run = runOf(capped);
    const [quantizing, ...others] = releaseAll(run);
    if (quantizing === undefined) throw new Error('a derivation');
    run.accept(outcomeOf(quantizing));
    const tasks = [...others, ...releaseAll(run)];
    for (const task of tasks) if (!isSearch(task)) run.accept(outcomeOf(task));
    return [run, [...tasks, ...releaseAll(run)].filter(isSearch)];
  }

  test('has no more in flight than may be spent, and goes on with what others leave', () => {
    const [run, [first, second, ...more]] = searching();
    if (first === undefined || second === undefined) throw new Error('two searches');
    expect(more).toEqual([]);
    run.accept(spending(first, 100));
    expect(releaseAll(run)).toEqual([]);
    run.accept(spending(second, 100));
    const [third, ...fourth] = releaseAll(run);
    if (third === undefined) throw new Error('a third search');
    expect(fourth).toEqual([]);
    run.accept(spending(third, 100));
    const [last] = releaseAll(run);
    if (last === undefined) throw new Error('a fourth search');
    run.accept(spending(last, 500));
    expect([run.state, run.queries]).toEqual([CampaignState.SUCCEEDED, 800]);
  });

  test('leaves out what may take more than is left, says so, and arrives there again after a restart', () => {
    const [run, [first, second]] = searching();
    if (first === undefined || second === undefined) throw new Error('two searches');
    run.accept(spending(first, 450));
    // What an attempt took that came to nothing is spent too.
    run.waste(30);
    run.accept(spending(second, 100));
    expect(releaseAll(run)).toEqual([]);
    const failures = [
      '2 tasks were left out, which may take up to 500 queries each: 580 of maxQueries 1000 are spent',
    ];
    expect([run.ended, run.state, run.snapshot().failures]).toEqual([true, CampaignState.FAILED, failures]);
    const [again, tasks] = searching();
    again.waste(30);
    for (const [at, task] of tasks.entries()) again.accept(spending(task, at === 0 ? 450 : 100));
    expect(releaseAll(again)).toEqual([]);
    expect(again.snapshot()).toEqual(run.snapshot());
  });
});

test('a stage is over where its tasks have failed or can never run', () => {
  const run = runOf(spec);
  const [quantizing, ...others] = release(run);
  if (quantizing === undefined) throw new Error('a derivation');
  run.accept(outcomeOf(quantizing, 'failed'));
  expect(release(run)).toEqual([]);
  for (const task of others) if (task.work?.$case === 'accuracy') run.accept(outcomeOf(task));
  expect(stageOf(run)).toBe(Stage.ATTACK);
  run.revise({ ...run.record, cancelTime: new Date(0) });
  expect(stageOf(run)).toBe(Stage.UNSPECIFIED);
});

test('the first task without an end is found whatever happened to tasks in which order', () => {
  const states: readonly TaskState[] = ['pending', 'inFlight', 'done', 'failed', 'dead', 'cancelled'];
  const moves = fc.array(fc.tuple(fc.nat(9), fc.constantFrom(...states)), { maxLength: 60 });
  fc.assert(
    fc.property(moves, (all) => {
      const tasks = new TaskStates(10);
      for (const [index, state] of all) {
        tasks.set(index, state);
        const open = [...tasks.in('pending'), ...tasks.in('inFlight')];
        expect(tasks.firstOpen()).toBe(open.length === 0 ? undefined : Math.min(...open));
      }
    }),
  );
});

test('whatever is done to a campaign, a coordinator that starts anew arrives at the same state', () => {
  const kinds = fc.constantFrom<TaskOutcome['kind']>('done', 'done', 'failed', 'dead');
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: kinds, pick: fc.nat(1_000) }) },
    fc.constantFrom('pause', 'cancel', 'resume', 'retry', 'drop', 'late' as const),
    fc.record({ choose: fc.constantFrom('retry' as const, 'drop' as const), picks: fc.array(fc.nat(1_000)) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const life = new Life();
      for (const each of steps) {
        if (typeof each === 'string') life.do(each);
        else if ('choose' in each) life.choose(each.choose, each.picks);
        else life.end(each.pick, each.kind);
      }
      life.do('resume');
      const again = life.replay();
      const settled = (run: CampaignRun) => {
        release(run);
        const { progress, ...rest } = run.snapshot();
        const { inFlight = 0, done, failed, deadLetters, cancelled, stage } = progress ?? {};
        const open = inFlight + run.count('pending');
        return {
          ...rest,
          failures: [...rest.failures].sort(),
          open,
          done,
          failed,
          deadLetters,
          cancelled,
          stage,
        };
      };
      expect(settled(again)).toEqual(settled(life.run));
    }),
    { numRuns: 300 },
  );
});

/** One campaign under everything that can happen to it, and all that a stream would hold of it. */
class Life {
  readonly run = runOf(twoModels);
  readonly #outcomes: TaskOutcome[] = [];
  #tasks: Task[] = [];

  /** One of the tasks that were ever released ends, whatever became of the campaign since. */
  end(pick: number, kind: TaskOutcome['kind']): void {
    this.#tasks.push(...release(this.run));
    const [task] = this.#tasks.splice(pick % Math.max(1, this.#tasks.length), 1);
    if (task === undefined) return;
    const sequence = this.#outcomes.length + 1;
    const failure = kind === 'done' ? '' : `it is ${kind}`;
    const outcome = { ...outcomeOf(task, kind), round: task.round, sequence, failure };
    this.#outcomes.push(outcome);
    this.run.accept(outcome);
  }

  do(what: 'pause' | 'cancel' | 'resume' | 'retry' | 'drop' | 'late'): void {
    const { run } = this;
    const { record } = run;
    const time = new Date(0);
    const open = { pauseTime: undefined, cancelTime: undefined };
    const isStopped = run.isPaused || record.cancelTime !== undefined;
    if (what === 'pause' && !run.ended) run.revise({ ...record, pauseTime: time });
    if (what === 'cancel' && !run.ended) run.revise({ ...record, ...open, cancelTime: time });
    if (what === 'resume' && isStopped) run.revise({ ...record, ...open, round: record.round + 1 });
    const round = record.round + 1;
    if (what === 'retry') run.revise({ ...record, ...open, round, retriedRound: round });
    if (what === 'drop') run.revise({ ...record, droppedSequence: run.sequence });
    // As it is done where all are tried again.
    if (what === 'retry') run.revise({ ...run.record, choices: [] });
    if (what === 'late') this.#tasks.reverse();
  }

  /** Some of the tasks that failed are tried again or dropped. */
  choose(what: 'retry' | 'drop', picks: readonly number[]): void {
    const { run } = this;
    const able = what === 'drop' ? run.failed() : [...run.failed(), ...run.dropped()];
    const tasks = [...new Set(picks.flatMap((pick) => able[pick % Math.max(1, able.length)] ?? []))];
    if (tasks.length === 0) return;
    const round = run.record.round + 1;
    if (what === 'drop') run.revise(withChoice(run.record, tasks, { droppedSequence: run.sequence }));
    else
      run.revise({
        ...withChoice(run.record, tasks, { retriedRound: round }),
        ...{ round, pauseTime: undefined, cancelTime: undefined },
      });
    for (const index of tasks) expect(run.stateOf(index)).toBe(what === 'drop' ? 'cancelled' : 'pending');
  }

  /** The same campaign from its record and its results. */
  replay(): CampaignRun {
    const again = runOf(twoModels, undefined, this.run.record);
    for (const outcome of this.#outcomes) again.accept(outcome);
    for (const index of this.run.inFlight()) again.markInFlight(index);
    return again;
  }
}
