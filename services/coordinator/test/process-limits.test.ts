import { UnpairError } from '@unpair/errors';
import { digestOf, ensureTopology, publishResult } from '@unpair/platform';
import { CampaignServiceService as Service, resultOf, type UploadArtefactRequest } from '@unpair/protocol';
import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/kit/index.js';
import { ground } from './support/cluster.js';
import { endProcess, health, startProcess } from './support/process.js';

/** Bytes of memory that a process has. */
async function memoryOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid ?? 0}/status`, 'utf8');
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}

test('of a thousand uploads that never end, those that there may be hold some MiB each, and the others nothing', async ({
  skip,
}) => {
  if (process.platform !== 'linux') skip('memory of another process is read from /proc');
  await using base = await ground();
  const coordinator = await startProcess(base);
  await coordinator.leads;
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const chunk = Buffer.alloc(100_000);
  const endless = async function* (digest: string): AsyncGenerator<UploadArtefactRequest> {
    yield { digest, chunk };
    for (let piece = 0; piece < 9; piece++) yield { digest: '', chunk };
    await new Promise((resolve) => {
      stop.signal.addEventListener('abort', resolve, { once: true });
    });
  };
  const before = await memoryOf(coordinator.child.pid);
  const codes: string[] = [];
  const calls = Array.from({ length: 1_000 }, (_, k) =>
    coordinator.client
      .clientStream(Service.uploadArtefact, endless(digestOf(Buffer.from(`${k}`))))
      .catch((error: unknown) => codes.push(UnpairError.from(error).code)),
  );
  await eventually(() => {
    expect(codes).toHaveLength(1_000 - 32);
  });
  expect(new Set(codes)).toEqual(new Set(['RESOURCE_EXHAUSTED']));
  // A gigabyte came in, or would have.
  expect((await memoryOf(coordinator.child.pid)) - before).toBeLessThan(250e6);
  await endProcess(coordinator, 'SIGKILL');
  stop.abort();
  await Promise.all(calls);
});

test('while a coordinator reads what happened before it answers probes, and says how far it has come', async () => {
  await using base = await ground();
  await ensureTopology(base.connection);
  const rows = Array.from({ length: 10_000 }, (_, sample) => ({ sample, label: 1, predicted: 2 }));
  const size = { parameters: 1, nonZero: 1, macs: 1, bytes: 1 };
  for (let index = 0; index < 60; index++) {
    const attempt = { campaignId: 'c-1', index, round: 0, generation: 0 };
    const outcome = { $case: 'accuracy' as const, value: { model: 'full', ...size, rows } };
    await publishResult(base.connection, resultOf(attempt, outcome, 'w'));
  }
  const coordinator = await startProcess(base);
  const seen = { answers: 0, leads: false };
  const leads = coordinator.leads.then(() => (seen.leads = true));
  const probe = async (): Promise<void> => {
    const isBefore = !seen.leads;
    const [status, http] = await Promise.all([
      health(coordinator.address),
      fetch(`http://${coordinator.metrics}/healthz`),
    ]);
    expect([200, 503]).toContain(http.status);
    if (isBefore && status === 'NOT_SERVING' && http.status === 503) seen.answers++;
  };
  while (!seen.leads) await probe();
  await leads;
  expect(seen.answers).toBeGreaterThan(2);
  expect(coordinator.log()).toMatch(/"percent":100,.*"reading the results stream"/);
  await eventually(async () => {
    expect(await health(coordinator.address)).toBe('SERVING');
    expect((await fetch(`http://${coordinator.metrics}/healthz`)).status).toBe(200);
  });
  await endProcess(coordinator, 'SIGTERM');
});
