import { spawnSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from './kit/index.js';

const script = fileURLToPath(new URL('../scripts/ensure-nats-server', import.meta.url));

/** Runs the script with stand-ins for the programs it may find, and nothing else but the basics. */
async function run(programs: Record<string, string>): Promise<{ status: number | null; stderr: string }> {
  await using folder = await temporaryFolder();
  const bin = join(folder.path, 'bin');
  await mkdir(bin);
  for (const name of [
    'bash',
    'env',
    'grep',
    'head',
    'sort',
    'id',
    'printf',
    'uname',
    'mktemp',
    'rm',
    'sha256sum',
  ]) {
    await symlink(`/usr/bin/${name}`, join(bin, name));
  }
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/usr/bin/bash\n${text}\n`);
    await chmod(join(bin, name), 0o755);
  }
  return spawnSync('/usr/bin/bash', [script], { env: { PATH: bin, UNPAIR_SBIN: bin }, encoding: 'utf8' });
}

test('a server that is new enough is left alone, silently', async () => {
  expect(await run({ 'nats-server': 'echo "nats-server: v2.12.3"' })).toMatchObject({
    status: 0,
    stderr: '',
  });
});

test('a server that is too old is one sentence', async () => {
  const { status, stderr } = await run({ 'nats-server': 'echo "nats-server: v2.8.4"' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/nats-server is version 2\.8\.4, but at least 2\.9\.0 is needed\.\n$/);
});

test.runIf(['x64', 'arm64'].includes(process.arch) && process.platform === 'linux')(
  'a release with another checksum than the pinned one is thrown away, in one sentence',
  async () => {
    const download = 'while [ "$1" != -o ]; do shift; done; echo "not a server" > "$2"';
    const { status, stderr } = await run({ curl: download });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^ensure-nats-server: the downloaded \S+ does not have the pinned SHA-256 and was thrown away\.\n$/,
    );
  },
);
