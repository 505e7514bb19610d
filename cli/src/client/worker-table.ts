import type { LiveWorker } from '@unpair/protocol';

import { renderTable } from '../terminal/table.js';
import { duration } from './progress-state.js';

/** Workers as a table, one a line; a sentence where there are none. */
export function workerTable(workers: readonly LiveWorker[]): string {
  if (workers.length === 0) return 'No worker is there: campaigns wait until one comes.';
  const head = [
    'id',
    'label',
    'engine',
    'kinds',
    'version',
    'runtime',
    'device',
    'slots',
    'in hand',
    'last seen',
  ];
  return renderTable(head, workers.flatMap(row));
}

function row({ report, secondsAgo }: LiveWorker): (string | number)[][] {
  if (report === undefined) return [];
  const { worker, label, engine, kinds, version, runtime, device, slots, tasks, leaving } = report;
  const inHand = tasks.map(({ campaignId, index }) => `${campaignId}/${index}`).join(' ');
  const seen = leaving ? 'leaving' : `${duration(secondsAgo)} ago`;
  return [[worker, label, engine, kinds.join(','), version, runtime, device, slots, inHand, seen]];
}
