import { createLogger, publish } from '@unpair/platform';
import {
  CampaignServiceService as Service,
  encodeWasted,
  ErrorInfo,
  Status,
  TaskState,
  wastedSubject,
} from '@unpair/protocol';
import type { ServiceError } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { requestFor, spec } from './support/campaign-file.js';
import { ground, serve } from './support/cluster.js';
import { work } from './support/synthetic-worker.js';

type Line = Readonly<Record<string, unknown>>;

/** A logger, and the lines at info and above that it has written. */
function written(): { readonly logger: ReturnType<typeof createLogger>; readonly lines: Line[] } {
  const lines: Line[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  return { logger: createLogger({ service: 'test', destination }), lines };
}

test('a campaign of many tasks logs few lines: what is done to it, how far it is, what went wrong', async () => {
  await using base = await ground({ slots: 8 });
  const { logger, lines } = written();
  await using served = await serve(base, { logger });
  const { connection } = base;
  const text = spec.replace('shardSize: 5', 'shardSize: 1');
  const { campaign } = await served.client.unary(Service.createCampaign, requestFor('large', text));
  const id = campaign?.id ?? '';
  const run = served.coordinator.book.get(id);
  const last = run.plan.size - 1;
  // An attempt told why it failed; those after it died without a word.
  const attempt = {
    campaignId: id,
    index: last,
    generation: 0,
    worker: 'w',
    queries: 3,
    error: 'out of memory',
  };
  const options = { messageId: 'attempt' };
  await publish(connection.jetstream(), wastedSubject(id), encodeWasted(attempt), options);
  const tasks = async (state: TaskState): Promise<unknown> => {
    const request = { id, tasks: { indices: [], states: [state], error: '' }, pageSize: 1000, pageToken: '' };
    return (await served.client.unary(Service.listTasks, request)).tasks.at(-1);
  };
  await eventually(async () => {
    expect(await tasks(TaskState.PENDING)).toMatchObject({ index: last, error: 'out of memory' });
  });
  const stop = new AbortController();
  const value = { deliveries: 5, publications: 1, reason: 'no attempt lived to say why' };
  const working = work(
    { connection, outcome: ({ index }) => (index === last ? { $case: 'deadLetter', value } : undefined) },
    stop.signal,
  );
  await eventually(() => {
    expect(run.ended).toBe(true);
  });
  stop.abort();
  await working;
  const error =
    'given up after 5 deliveries: no attempt lived to say why; the last attempt that told of itself failed with: out of memory';
  expect(await tasks(TaskState.DEAD)).toMatchObject({ index: last, error });
  const about = lines.filter(({ campaign: of }) => of === id);
  expect(run.plan.size).toBeGreaterThan(140);
  expect(about.length).toBeLessThan(20);
  const said = (message: string): unknown => about.filter((line) => line['message'] === message);
  expect(said('campaign created')).toMatchObject([
    { name: 'synthetic', requestId: expect.any(String) as string },
  ]);
  expect(said('campaign goes on')).toHaveLength(9);
  expect(said('an attempt at a task failed')).toMatchObject([
    { task: last, worker: 'w', reason: 'out of memory' },
  ]);
  expect(said('a task was given up')).toMatchObject([{ task: last, worker: 'synthetic', reason: error }]);
  expect(said('campaign failed')).toMatchObject([{ done: last, dead: 1, wastedQueries: 3 }]);
});

test('who is refused is told the id of the call, and the log has it', async () => {
  await using base = await ground();
  const { logger, lines } = written();
  await using served = await serve(base, { logger });
  const refusal = await served.client
    .unary(Service.createCampaign, requestFor('', 'name: x'))
    .catch((error: unknown) => (error as Error).cause as ServiceError);
  if (!('metadata' in refusal)) throw new Error('it was not refused');
  const [id] = refusal.metadata.get('x-request-id');
  const [details] = refusal.metadata.get('grpc-status-details-bin');
  const info = Status.decode(details as Buffer).details.find(({ typeUrl }) => typeUrl.endsWith('ErrorInfo'));
  expect(ErrorInfo.decode(info?.value ?? Buffer.of()).metadata['requestId']).toMatch(/^[0-9a-f-]{36}$/);
  const requestId = ErrorInfo.decode(info?.value ?? Buffer.of()).metadata['requestId'];
  expect([undefined, requestId]).toContain(id);
  const line = lines.find(({ message }) => message === 'a call was refused');
  expect(line).toMatchObject({
    requestId,
    code: 'INVALID_ARGUMENT',
    method: expect.stringMatching(/CreateCampaign$/) as string,
  });
});
