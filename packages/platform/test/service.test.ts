import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import {
  address,
  choice,
  createLogger,
  createRegistry,
  integer,
  Lifecycle,
  parseAddress,
  readEnvironment,
  serveMetrics,
  systemClock,
  text,
} from '../src/index.js';

const logger = createLogger({ service: 'test', level: 'silent' });

const settings = {
  url: text('T_URL', { description: 'the server URL' }),
  window: integer('T_WINDOW', { description: 'the window', default: 64, min: 1, max: 100 }),
  level: choice('T_LEVEL', { description: 'the level', default: 'info', of: ['info', 'debug'] }),
  listen: address('T_LISTEN', { description: 'the address', default: '127.0.0.1:0' }),
};

test('settings come typed from the environment, defaults where variables are absent or empty', () => {
  const values = readEnvironment({ T_URL: 'nats://h', T_WINDOW: '7', T_LEVEL: '' }, settings);
  expect(values).toEqual({ url: 'nats://h', window: 7, level: 'info', listen: '127.0.0.1:0' });
});

test('every bad variable is named with its value and what is allowed, all at once', () => {
  const read = (): unknown =>
    readEnvironment({ T_WINDOW: '0', T_LEVEL: 'loud', T_LISTEN: ':99999' }, settings);
  expect(read).toThrow(
    'T_URL is not set: it must hold the server URL. ' +
      'T_WINDOW is "0", but must be a whole number from 1 to 100. ' +
      'T_LEVEL is "loud", but must be one of info, debug. ' +
      'T_LISTEN is ":99999", but must be host:port with a port from 0 to 65535.',
  );
});

test('addresses split into host and port, IPv6 too', () => {
  expect(parseAddress('[::1]:50051')).toEqual({ host: '::1', port: 50_051 });
  expect(parseAddress('0.0.0.0:0')).toEqual({ host: '0.0.0.0', port: 0 });
});

test('metrics are served, health follows the service, and promtool has nothing to say', async ({ skip }) => {
  let healthy = true;
  const registry = createRegistry();
  await using server = await serveMetrics({ registry, address: '127.0.0.1:0', healthy: () => healthy });
  const get = (path: string): Promise<Response> => fetch(`http://${server.address}${path}`);
  expect((await get('/healthz')).status).toBe(200);
  healthy = false;
  expect((await get('/healthz')).status).toBe(503);
  expect((await get('/other')).status).toBe(404);
  const text = await (await get('/metrics')).text();
  expect(text).toContain('process_resident_memory_bytes');
  const check = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  skip(check.error !== undefined, 'promtool is not installed');
  expect(check.stdout + check.stderr).toBe('');
});

test('a taken metrics port is one sentence', async () => {
  const registry = createRegistry();
  await using server = await serveMetrics({ registry, address: '127.0.0.1:0' });
  const second = serveMetrics({ registry, address: server.address });
  await expect(second).rejects.toThrow(`Cannot listen on ${server.address} for metrics: the port is in use.`);
});

test('stopping runs the steps once, last first, past failures, and aborts the signal before them', async () => {
  const order: string[] = [];
  const lifecycle = new Lifecycle({ logger, clock: systemClock, deadline: 1_000 });
  lifecycle.onStop('first', () => void order.push(`first ${lifecycle.signal.aborted}`));
  lifecycle.onStop('second', () => Promise.reject(new Error('stuck')));
  lifecycle.onStop('third', () => void order.push('third'));
  expect(await Promise.all([lifecycle.stop(), lifecycle.stop()])).toEqual([false, false]);
  expect(order).toEqual(['third', 'first true']);
});

test('a step that never ends is abandoned at the deadline', async () => {
  const lifecycle = new Lifecycle({ logger, clock: systemClock, deadline: 50 });
  lifecycle.onStop('stuck', () => new Promise(() => undefined));
  expect(await lifecycle.stop()).toBe(false);
});
