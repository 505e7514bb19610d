import { decodeResult, decodeWasted, resultsStream, tasksStream, type TaskResult } from '@unpair/protocol';
import { AckPolicy, RetentionPolicy } from 'nats';
import { expect, test } from 'vitest';
import { eventually, temporaryFolder, TestNatsServer } from '../../../test/kit/index.js';
import { deleteMessages } from '../src/nats/erase.js';
import { fromNats } from '../src/nats/errors.js';
import {
  awaitQueues,
  compareVersions,
  connectNats,
  createLogger,
  ensureQueue,
  ensureTopology,
  eraseMessages,
  publish,
  publishResult,
  startNatsServer,
  WorkQueue,
} from '../src/index.js';

const logger = createLogger({ service: 'test', level: 'silent' });

function attackResult(worker: string, queries: number): TaskResult {
  const row = {
    sample: 0,
    label: 1,
    cleanCorrect: true,
    surrogateCorrect: true,
    success: true,
    successRounded: true,
    queries,
    surrogateQueries: 0,
    linf: 0,
    l2: 0,
    zeroGradients: 0,
    invalidGradients: 0,
    surrogateForwards: 0,
    distance100: 0,
    distance300: 0,
    distance1000: 0,
    distance3000: 0,
    distance10000: 0,
  };
  const outcome = { $case: 'attack', value: { cell: 'c', rows: [row] } } as const;
  return { campaignId: 'c-1', index: 7, round: 0, generation: 0, worker, runtime: '', seconds: 1, outcome };
}

test('a connection waits for a server that is not there yet, and survives its restart', async () => {
  await using server = await TestNatsServer.start();
  await server.kill();
  const connecting = connectNats({ url: server.url, name: 'test', logger });
  await server.restart();
  const connection = await connecting;
  await server.kill();
  await server.restart();
  await eventually(() => connection.flush());
  await connection.close();
});

test('waiting for a server ends when told to', async () => {
  const signal = AbortSignal.timeout(200);
  const waiting = connectNats({ url: 'nats://127.0.0.1:1', name: 'test', logger, signal });
  await expect(waiting).rejects.toThrow(/abort|timeout/i);
});

test('the streams can be set up again with other limits, and hold what they held', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  await ensureTopology(connection);
  await publish(connection.jetstream(), 'tasks.q.c-1.0', Buffer.from('x'), { messageId: 'a' });
  await ensureQueue(connection, 'q');
  const limits = { maxTaskBytes: 1_000_000, maxAckPending: 8, ackWait: 2_000 };
  await ensureTopology(connection, limits);
  await ensureQueue(connection, 'q', limits);
  const manager = await connection.jetstreamManager();
  const { config, state } = await manager.streams.info(tasksStream);
  expect({ bytes: config.max_bytes, messages: state.messages }).toEqual({ bytes: 1_000_000, messages: 1 });
  const info = await manager.consumers.info(tasksStream, 'q');
  expect(info.config.max_ack_pending).toBe(8);
  await connection.close();
});

test('streams of a version without classes are brought up to date', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  const manager = await connection.jetstreamManager();
  const retention = RetentionPolicy.Workqueue;
  await manager.streams.add({ name: tasksStream, subjects: ['tasks.*.*'], retention });
  const consumer = { durable_name: 'workers', ack_policy: AckPolicy.Explicit, filter_subject: 'tasks.*.*' };
  await manager.consumers.add(tasksStream, consumer);
  await publish(connection.jetstream(), 'tasks.c-1.0', Buffer.from('x'), { messageId: 'a' });
  await ensureTopology(connection);
  await ensureQueue(connection, 'q');
  await publish(connection.jetstream(), 'tasks.q.c-1.0', Buffer.from('x'), { messageId: 'b' });
  const depths = await new WorkQueue(connection).depths();
  expect([...depths.keys()]).toEqual(['q']);
  expect(depths.get('q')?.waiting).toBe(1);
  expect((await manager.streams.info(tasksStream)).state.messages).toBe(1);
  await connection.close();
});

test('a stream that somebody deleted holds no tasks, and what needs it may be tried again', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  const queue = new WorkQueue(connection);
  expect(await queue.subjects('tasks.>')).toEqual([]);
  expect([...(await queue.depths())]).toEqual([]);
  await queue.remove(['tasks.q.c-1.0']);
  const manager = await connection.jetstreamManager();
  const error: unknown = await manager.streams.info(tasksStream).catch((reason: unknown) => reason);
  expect(fromNats('look', error)).toMatchObject({
    code: 'UNAVAILABLE',
    retryable: true,
    message: 'Could not look: its stream or consumer is missing, and has to be made again.',
  });
  await connection.close();
});

test('what is taken out of a stream is gone, however many messages a subject has', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  await ensureTopology(connection);
  const js = connection.jetstream();
  // A broker that was killed can bring back a task that was settled and queued again since.
  const [subject, other] = ['tasks.q.c-1.0', 'tasks.q.c-1.1'];
  for (const one of [subject, other, subject, subject]) await js.publish(one);
  const queue = new WorkQueue(connection);
  await queue.remove([subject]);
  expect(await queue.subjects('tasks.>')).toEqual([other]);
  for (let count = 0; count < 3; count++) await js.publish('wasted.c-1');
  await js.publish('wasted.c-2');
  await eraseMessages(connection, { stream: resultsStream, filter: 'wasted.c-1' });
  const { state } = await (await connection.jetstreamManager()).streams.info(resultsStream);
  expect(state.messages).toBe(1);
  await connection.close();
});

test('messages that another takes out at the same time, or has taken out, are gone as they should be', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  await ensureTopology(connection);
  const sent = Array.from({ length: 10 }, () =>
    connection.jetstream().publish('tasks.q.c-1.0', new Uint8Array()),
  );
  const sequences = (await Promise.all(sent)).map(({ seq }) => seq);
  // The server answers otherwise to a hole than to what is beyond its ends.
  for (const some of [sequences.slice(1, -1), sequences, [...sequences, 1_000]]) {
    const taking = [1, 2, 3].map(() => deleteMessages(connection, tasksStream, some));
    await expect(Promise.all(taking)).resolves.toHaveLength(3);
  }
  expect(await new WorkQueue(connection).subjects('tasks.>')).toEqual([]);
  await connection.close();
});

test('a worker waits for its queues until a coordinator makes them', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  const waiting = awaitQueues(connection, ['one', 'two']);
  await ensureTopology(connection);
  await ensureQueue(connection, 'one', { ackWait: 3_000 });
  await ensureQueue(connection, 'two', { ackWait: 4_000 });
  expect(await waiting).toBe(3_000);
  await connection.close();
});

test('the first result of a task wins; the second is refused and its queries are counted as wasted', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  await ensureTopology(connection);
  expect(await publishResult(connection, attackResult('first', 10))).toBe('accepted');
  expect(await publishResult(connection, attackResult('late', 33))).toBe('refused');
  const manager = await connection.jetstreamManager();
  const kept = await manager.streams.getMessage(resultsStream, { last_by_subj: 'results.c-1.7' });
  expect(decodeResult(kept.data).worker).toBe('first');
  const wasted = await manager.streams.getMessage(resultsStream, { last_by_subj: 'wasted.c-1' });
  expect(decodeWasted(wasted.data)).toMatchObject({ worker: 'late', queries: 33, index: 7 });
  await connection.close();
});

test('a result that no message holds is refused for good, with its size and what there may be', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  await ensureTopology(connection);
  const small = attackResult('w', 1);
  if (small.outcome?.$case !== 'attack') throw new Error('an attack');
  const [row] = small.outcome.value.rows;
  const rows = Array.from({ length: 40_000 }, (_, sample) => ({ ...row, sample, linf: 0.1, l2: 0.1 }));
  const outcome = { $case: 'attack', value: { cell: 'c', rows } } as unknown as TaskResult['outcome'];
  await expect(publishResult(connection, { ...small, outcome })).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: expect.stringMatching(
      /^The result of task 7 has \d{7} bytes, and the broker takes messages of at most 1047552\.$/,
    ) as string,
  });
  await connection.close();
});

test('a message sent again under its id is stored once, although its subject is fenced', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  await ensureTopology(connection);
  const js = connection.jetstream();
  const send = (messageId: string): ReturnType<typeof publish> =>
    publish(js, 'results.c-1.0', Buffer.from('x'), { messageId, onlyFirst: true });
  expect(await send('one')).toEqual({ outcome: 'stored', sequence: 1 });
  expect(await send('one')).toEqual({ outcome: 'stored', sequence: 1 });
  expect(await send('two')).toEqual({ outcome: 'fenced' });
  await connection.close();
});

test('a publication made while the server is down arrives when it is back', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  await ensureTopology(connection);
  await server.kill();
  const sending = publish(connection.jetstream(), 'tasks.q.c-1.0', Buffer.from('x'), { messageId: 'a' });
  await server.restart();
  expect((await sending).outcome).toBe('stored');
  await connection.close();
});

test('a full stream is RESOURCE_EXHAUSTED once patience is over', async () => {
  await using server = await TestNatsServer.start();
  const connection = await connectNats({ url: server.url, name: 'test', logger });
  await ensureTopology(connection, { maxTaskBytes: 4_096 });
  const js = connection.jetstream();
  const flood = async (): Promise<void> => {
    for (let index = 0; index < 10; index++) {
      const options = { messageId: `${index}`, patience: 0 };
      await publish(js, `tasks.q.c-1.${index}`, Buffer.alloc(1_000), options);
    }
  };
  await expect(flood()).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryable: true });
  await connection.close();
});

test('a server that is not installed, or whose port is taken, is one sentence', async () => {
  await using server = await TestNatsServer.start();
  await using folder = await temporaryFolder();
  const directory = folder.path;
  await expect(startNatsServer({ directory, executable: 'no-such-nats' })).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: expect.stringContaining('install nats-server') as string,
  });
  const port = Number(new URL(server.url).port);
  await expect(startNatsServer({ directory, port })).rejects.toThrow(/address already in use/);
});

test('versions are ordered by number, not by text', () => {
  expect(compareVersions('2.9.10', '2.10.0')).toBeLessThan(0);
  expect(compareVersions('2.12.0-beta.1', '2.9.0')).toBeGreaterThan(0);
  expect(compareVersions('2.9.0', '2.9.0')).toBe(0);
});
