import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { freePort } from '../src/local/free-port.js';
import { processesOf } from './processes-of.js';
import { runCli, runOk, startCli } from './run-cli.js';
import { workplace } from './workplace.js';

test(
  'dev is a cluster until Ctrl-C, and the next one knows its campaigns',
  { timeout: 240_000 },
  async () => {
    const cwd = await workplace();
    const server = `127.0.0.1:${await freePort()}`;
    const port = server.split(':')[1] ?? '';
    const metrics = String(await freePort());
    const withCluster = async (use: () => Promise<void>): Promise<void> => {
      const args = ['dev', '--workers', '1', '--port', port, '--metrics-port', metrics, '--dir', 'state'];
      const child = startCli(args, { cwd });
      const ended = once(child, 'exit');
      await said(child, 'Ctrl-C ends it');
      try {
        await use();
      } finally {
        child.kill('SIGINT');
      }
      expect(await ended).toEqual([0, null]);
      expect(await processesOf(join(cwd, 'state'))).toEqual([]);
    };
    await withCluster(async () => {
      await runOk(['run', 'campaign.yaml', '--server', server], { cwd });
      expect(await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()).toContain('unpair_');
    });
    await withCluster(async () => {
      expect((await runOk(['list', '--server', server], { cwd })).stdout).toMatch(/ tiny +succeeded /);
    });
  },
);

test('a port that others have is said before anything starts', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const { exitCode, stderr } = await runCli(['dev', '--port', String(port)]);
  holder.close();
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: `error: --port must be a free port, got ${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
  });
});

/** Resolves once a process has printed a text; its end before that is an error. */
async function said(child: ReturnType<typeof startCli>, text: string): Promise<void> {
  let printed = '';
  child.stderr?.resume();
  for await (const piece of child.stdout ?? []) {
    printed += String(piece);
    if (printed.includes(text)) return;
  }
  throw new Error(`it ended without having said "${text}": ${printed}`);
}
