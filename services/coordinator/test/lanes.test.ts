import { expect, test } from 'vitest';
import { Lanes } from '../src/dispatch/lanes.js';
import { bindingFor, queuesFor } from '../src/workers/placement.js';
import { WorkerTable } from '../src/workers/worker-table.js';
import { synthetic } from './support/synthetic-worker.js';

test('a window is two tasks for each slot, and of short tasks as many as end within a quarter of a second', () => {
  const time = { now: 0 };
  const ended = new Set<number>();
  const run = { isInFlight: (index: number) => !ended.has(index), tenant: 'default' };
  const lanes = new Lanes(() => time.now);
  for (let index = 0; index < 40; index++) lanes.add('q', run, index);
  expect([lanes.window('q', 3, 2), lanes.window('q', 0, 2), lanes.count('q')]).toEqual([6, 2, 40]);
  for (let index = 0; index < 30; index++) ended.add(index);
  lanes.settle();
  expect([lanes.window('q', 3, 2), lanes.count('q', run), lanes.queueOf(run, 30)]).toEqual([8, 10, 'q']);
  time.now = 3;
  lanes.settle();
  expect(lanes.window('q', 3, 2)).toBe(6);
});

test('workers expire by the clock of who looks, and a worker that leaves is gone at once', () => {
  const time = { now: 0 };
  const table = new WorkerTable(() => time.now);
  expect(table.take({ ...synthetic, worker: 'a' })).toBe(true);
  time.now = 6;
  expect(table.take({ ...synthetic, worker: 'b', slots: 2, kinds: ['attack'] })).toBe(true);
  expect(table.take({ ...synthetic, worker: 'b', slots: 2, kinds: ['attack'] })).toBe(false);
  expect(table.slots().get('any_synthetic_attack')).toBe(3);
  time.now = 12;
  expect(table.expire()).toBe(true);
  expect(table.expire()).toBe(false);
  expect(table.isKnown).toBe(true);
  expect(table.all().map(({ report }) => report?.worker)).toEqual(['b']);
  expect(table.slots().get('any_synthetic_attack')).toBe(2);
  expect(table.take({ ...synthetic, worker: 'b', leaving: true })).toBe(true);
  expect(table.slots().size).toBe(0);
});

test('a campaign is bound to the engine with most slots that its placement allows, and to one that trains', () => {
  const table = new WorkerTable(() => 0);
  const add = (worker: string, device: string, slots: number, kinds: string[]): void => {
    table.take({ ...synthetic, worker, engine: `x-${worker}`, device, slots, kinds });
  };
  add('cpu', 'cpu', 2, ['train', 'attack', 'measure']);
  add('gpu', 'cuda:1', 8, ['attack', 'measure']);
  add('attacker', 'cpu', 99, ['attack']);
  const engines = table.engines();
  const free = { engine: '', trainEngine: '' };
  const bound = bindingFor({ mixed: false }, free, engines);
  expect(bound).toEqual({ engine: 'x-gpu', trainEngine: 'x-cpu' });
  expect(bindingFor({ mixed: false, device: 'cpu' }, free, engines)).toEqual({
    engine: 'x-cpu',
    trainEngine: 'x-cpu',
  });
  expect(bindingFor({ mixed: false, label: 'night' }, free, engines)).toEqual(free);
  const placement = { mixed: false };
  expect(queuesFor({ placement, binding: bound, kind: 'train' }, engines)).toEqual(['any_x-cpu_train']);
  expect(queuesFor({ placement, binding: bound, kind: 'attack' }, engines)).toEqual(['any_x-gpu_attack']);
  expect(queuesFor({ placement: { mixed: true }, binding: free, kind: 'attack' }, engines)).toHaveLength(3);
});
