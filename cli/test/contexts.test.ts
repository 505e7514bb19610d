import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authentication } from '@unpair/platform';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { readContexts } from '../src/contexts/context-file.js';
import { resolveTarget } from '../src/contexts/target.js';
import { buildProgram } from '../src/program.js';

let folder: string;
let printed: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unpair-contexts-'));
  printed = [];
  onTestFinished(() => rm(folder, { recursive: true }));
});

const contextsFile = (): string => join(folder, 'unpair', 'contexts.json');

/** Runs a command in this process. */
async function unpair(...words: string[]): Promise<string> {
  printed = [];
  const terminal = { print: (text: string) => void printed.push(text), note: () => undefined };
  const program = await buildProgram(words, {
    ...{ version: '0', environment: {}, dataDir: folder, signal: new AbortController().signal },
    ...{ contextsFile: contextsFile(), serverVariable: undefined, contextVariable: undefined },
    terminal: terminal as never,
  });
  await program.parseAsync(['node', 'unpair', ...words]);
  return printed.join('\n');
}

test('contexts are kept where nobody else reads them, and never show a token', async () => {
  const token = join(folder, 'token');
  await writeFile(token, 'unpair_secret\n');
  await unpair('context', 'add', 'prod', '--server', 'unpair.test:443', '--token-file', token);
  await unpair('context', 'add', 'dev', '--server', '127.0.0.1:50051');
  expect((await stat(contextsFile())).mode & 0o777).toBe(0o600);
  expect(await unpair('context', 'list')).toMatch(/\* +prod +unpair.test:443\n +dev/);
  const shown = await unpair('context', 'show', 'prod');
  expect(shown).toContain(token);
  expect(shown + (await readFile(contextsFile(), 'utf8'))).not.toContain('unpair_secret');
  await unpair('context', 'use', 'dev');
  await unpair('context', 'remove', 'prod');
  await expect(unpair('context', 'use', 'prod')).rejects.toThrow('there is no context "prod": there are dev');
});

test('what names a cluster strongest wins, and a token goes only where its context was meant', async () => {
  const token = join(folder, 'token');
  await writeFile(token, 'secret\n');
  await unpair('context', 'add', 'prod', '--server', 'unpair.test:443', '--token-file', token);
  await unpair('context', 'add', 'plain', '--server', 'unpair.test:80', '--plaintext');
  const all = await readContexts(contextsFile());
  const none = {
    server: undefined,
    context: undefined,
    serverVariable: undefined,
    contextVariable: undefined,
  };
  const tls = { ca: undefined, cert: undefined, key: undefined };
  expect(await resolveTarget(none, all)).toEqual({
    server: 'unpair.test:443',
    access: { token: 'secret', tls },
  });
  expect(await resolveTarget({ ...none, server: 'other:1' }, all)).toEqual({ server: 'other:1', access: {} });
  expect(await resolveTarget({ ...none, serverVariable: 'other:1' }, all)).toMatchObject({
    server: 'other:1',
  });
  const both = await resolveTarget({ ...none, server: 'other:1', context: 'prod' }, all);
  expect(both).toEqual({ server: 'other:1', access: { token: 'secret', tls } });
  const plain = await resolveTarget({ ...none, contextVariable: 'plain' }, all);
  expect(plain).toEqual({ server: 'unpair.test:80', access: { token: undefined } });
  expect(await resolveTarget(none, { contexts: {} })).toEqual({ server: 'localhost:50051', access: {} });
});

test('a new token is good with its line, which does not tell it', async () => {
  const output = await unpair(
    'token',
    'new',
    '--role',
    'operator',
    '--tenant',
    'acme',
    '--name',
    'ci',
    '--days',
    '2',
  );
  const [token = '', line = ''] = output.split('\n');
  expect(line).not.toContain(token);
  const file = join(folder, 'access');
  await writeFile(file, line);
  const authentication = new Authentication({ file });
  const presented = { authorization: [`Bearer ${token}`] };
  const who = await authentication.identify(presented, new Date());
  expect(who).toEqual({ role: 'operator', tenant: 'acme', name: 'ci' });
  expect(await authentication.identify(presented, new Date(Date.now() + 3 * 86_400_000))).toBeUndefined();
});
