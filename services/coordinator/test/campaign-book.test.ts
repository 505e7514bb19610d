import { createLogger, systemClock } from '@unpair/platform';
import { expect, test } from 'vitest';
import { checkRequest } from '../src/api/create-campaign.js';
import { CampaignBook } from '../src/campaigns/campaign-book.js';
import { newRecord } from '../src/campaigns/records.js';
import { requestFor, spec, taskCount } from './support/campaign-file.js';

const book = (): CampaignBook =>
  new CampaignBook({ clock: systemClock, logger: createLogger({ service: 'test', level: 'silent' }) });
const recordOf = (text: string) => ({ ...newRecord(requestFor('one', text), new Date(0)), id: 'c-1' });

test('a campaign that a request was checked as is not read again; that of a stored record is', () => {
  const file = checkRequest(requestFor('one'), { maxTasks: 1_000 });
  const entered = book().prepare(recordOf('not read'), file);
  expect(entered.file).toBe(file);
  expect(entered.plan.size).toBe(taskCount);
  expect(book().prepare(recordOf(spec)).file).toEqual(file);
});

test('a record that this version cannot read is refused with what is wrong', () => {
  const enter = (): unknown =>
    book().prepare(recordOf(spec.replace('int8:', 'int8: # ').replace('seed: 7', 'seed: -1')));
  expect(enter).toThrow(
    /^Campaign c-1 is not valid in this version: seed must be an integer of at least 0, got -1\./,
  );
});
