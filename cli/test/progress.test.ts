import type { Campaign, Training } from '@unpair/protocol';
import { CampaignState, Stage } from '@unpair/protocol';
import { describe, expect, test } from 'vitest';

import { campaignText } from '../src/client/campaign-table.js';
import { campaignProgress } from '../src/client/progress-state.js';
import { workerTable } from '../src/client/worker-table.js';
import { progressBar, progressLines } from '../src/terminal/progress.js';
import { describeMeasures } from '../src/train/measures.js';

const unpaired: Training = {
  ...{ model: 'unpaired', step: 512, steps: 2500, epochs: 4, loss: 0.7083, accuracy: 0.8812 },
  ...{ measures: { cosine: 0.081, transfer: 0.3125 }, secondsLeft: 190 },
};
const pruned: Training = {
  ...{ model: 'pruned', step: 157, steps: 312, epochs: 2, loss: 0.2, accuracy: 1 },
  ...{ measures: {}, secondsLeft: 0 },
};

type State = Pick<Campaign, 'progress' | 'training' | 'failures' | 'waiting'>;

function campaign(training: readonly Training[], done = 0, failures: string[] = []): State {
  const counts = { tasks: 40, inFlight: 2, failed: 0, deadLetters: 0, cancelled: 0, queries: 1200 };
  return {
    progress: { ...counts, done, secondsLeft: 80, stage: Stage.DERIVE },
    training: [...training],
    failures,
    waiting: '',
  };
}

/** A screen of so many columns that understands what the bar writes. */
class Screen {
  readonly columns: number;
  lines = [''];
  #row = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    for (const [piece] of text.matchAll(/\u001b\[2K|\u001b\[1A|[\r\n]|[^\u001b\r\n]+/g)) {
      if (piece === '\u001b[2K') this.lines[this.#row] = '';
      else if (piece === '\u001b[1A') this.#row -= 1;
      else if (piece === '\n') this.lines[(this.#row += 1)] ??= '';
      else if (piece !== '\r') this.lines[this.#row] = `${this.lines[this.#row] ?? ''}${piece}`;
    }
  }
}

describe('a terminal', () => {
  test('shows a line for each model in training, and takes away those that have ended', () => {
    const screen = new Screen(120);
    const progress = progressBar(screen);
    progress.update(campaignProgress(campaign([unpaired, pruned], 4)));
    expect(screen.lines).toEqual([
      '██░░░░░░░░░░░░░░░░░░░░░░   10 %  derive  4/40 tasks, 1,200 queries, 1 min 20 s left',
      'unpaired  epoch 1/4  step 512/2500  loss 0.71  accuracy 88.1 %  cosine 0.08  transfer 31 %  3 min left',
      'pruned  epoch 2/2  step 157/312  loss 0.20  accuracy 100.0 %',
    ]);
    progress.update(campaignProgress(campaign([{ ...unpaired, step: 626 }], 5)));
    expect(screen.lines).toEqual([
      '███░░░░░░░░░░░░░░░░░░░░░   12 %  derive  5/40 tasks, 1,200 queries, 1 min 20 s left',
      'unpaired  epoch 2/4  step 626/2500  loss 0.71  accuracy 88.1 %  cosine 0.08  transfer 31 %  3 min left',
      '',
    ]);
    progress.end();
    expect(screen.lines).toEqual(['', '', '']);
  });

  test('cuts lines that are too long, and counts the models that it has no lines for', () => {
    const screen = new Screen(40);
    const many = Array.from({ length: 11 }, (_, index) => ({ ...pruned, model: `pruned${index}` }));
    progressBar(screen).update(campaignProgress(campaign(many)));
    expect(screen.lines).toHaveLength(10);
    expect(screen.lines[8]).toBe('pruned7  epoch 2/2  step 157/312  loss ');
    expect(screen.lines[9]).toBe('and 3 more');
  });
});

test('a log has a line of each model now and then, apart from that of the campaign', () => {
  let time = 0;
  const lines: string[] = [];
  const progress = progressLines({ write: (text: string) => lines.push(text) }, { now: () => time });
  for (const step of [1, 200, 400, 600]) {
    progress.update(campaignProgress(campaign([{ ...unpaired, step }, pruned], 4)));
    time += 2_000;
  }
  const line = (epoch: number, step: number): string =>
    `unpaired  epoch ${epoch}/4  step ${step}/2500  loss 0.71  accuracy 88.1 %  cosine 0.08  transfer 31 %  3 min left\n`;
  expect(lines).toEqual([
    ' 10 %  derive  4/40 tasks, 1,200 queries, 1 min 20 s left\n',
    line(1, 1),
    'pruned  epoch 2/2  step 157/312  loss 0.20  accuracy 100.0 %\n',
    line(1, 600),
  ]);
});

test('a failure is told once, as soon as it is known', () => {
  const lines: string[] = [];
  const progress = progressLines({ write: (text: string) => lines.push(text) }, { now: () => 0 });
  const failures = ['Task 0: training collapsed at step 7: the loss is NaN; try a lower rate'];
  for (let update = 0; update < 3; update++) progress.update(campaignProgress(campaign([], 4, failures)));
  progress.update(campaignProgress(campaign([], 4, [...failures, 'Task 3: it cannot be.'])));
  expect(lines.slice(1)).toEqual([`failure 1  ${failures.join()}\n`, 'failure 2  Task 3: it cannot be.\n']);
});

test('a campaign that no worker serves says what it waits for, and not how long it takes', () => {
  const waiting = 'waits for a worker of class any_x_attack';
  const state = { ...campaign([], 4), waiting };
  expect(campaignProgress(state).detail).toBe(`4/40 tasks, 1,200 queries, ${waiting}`);
  const times = { createTime: undefined, endTime: undefined };
  const share = { labels: {}, priority: 0, weight: 1, round: 0 };
  const rest = { id: 'c-1', name: 'defend', state: CampaignState.RUNNING, ...times, ...share };
  expect(
    campaignText({ ...rest, ...state })
      .split('\n')
      .at(-1),
  ).toBe(waiting);
});

test('workers are a line each', () => {
  const report = {
    ...{ worker: 'w-1', version: '0.1.0', label: 'any', engine: 'x-cpu-1', kinds: ['train', 'attack'] },
    ...{ runtime: 'x 1.0', device: 'cpu', slots: 1, tasks: [{ campaignId: 'c-1', index: 7, round: 0 }] },
    ...{ modelsHeld: 0, models: [], leaving: false },
  };
  const text = workerTable([{ report, secondsAgo: 1.4 }]);
  expect(text.split('\n').at(-1)?.split(/ {2,}/)).toEqual([
    'w-1',
    'any',
    'x-cpu-1',
    'train,attack',
    '0.1.0',
    'x 1.0',
    'cpu',
    '1',
    'c-1/7',
    '1 s ago',
  ]);
  expect(workerTable([])).toBe('No worker is there: campaigns wait until one comes.');
});

test('unpair get shows models in training and failures below the campaign', () => {
  const times = { createTime: undefined, endTime: undefined };
  const share = { labels: {}, priority: 0, weight: 1, round: 0 };
  const rest = { id: 'c-1', name: 'defend', state: CampaignState.RUNNING, ...times, ...share };
  const text = campaignText({ ...rest, ...campaign([pruned], 4, ['Task 0: it cannot be.']) });
  expect(text.split('\n').slice(-2)).toEqual([
    'pruned  epoch 2/2  step 157/312  loss 0.20  accuracy 100.0 %',
    'failure: Task 0: it cannot be.',
  ]);
});

test('measures are told in their units, and those of other versions as numbers', () => {
  const measures = {
    heldOutAccuracy: 0.8731,
    cosine: -0.5,
    transfer: 0.05,
    constructor: 1234.5,
    keptStep: 1234,
  };
  expect(describeMeasures(measures)).toEqual([
    'held-out accuracy 87.3 %',
    'cosine -0.50',
    'transfer 5 %',
    'constructor 1230',
    'kept step 1234',
  ]);
});
