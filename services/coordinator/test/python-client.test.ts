import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { spec, taskCount } from './support/campaign-file.js';
import { ground, serve } from './support/cluster.js';
import { work } from './support/synthetic-worker.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** A Python that has what examples/python/requirements.txt lists. */
const python = process.env['UNPAIR_PYTHON'] ?? 'python3';

function missing(): string | undefined {
  try {
    const packages = 'grpc, grpc_tools, grpc_status, pandas, pyarrow';
    execFileSync(python, ['-c', `import ${packages}`], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${python} lacks what examples/python/requirements.txt lists: install it, or name another by UNPAIR_PYTHON`;
  }
}

const lack = missing();
const suffix = lack === undefined ? '' : ` (skipped: ${lack})`;

const run = promisify(execFile);

test.skipIf(lack !== undefined)(
  `a client in Python launches, pauses, watches, reports and reads rows, by the protos alone${suffix}`,
  async () => {
    await using base = await ground();
    // What was queued when it was paused is queued anew by the reconciler.
    await using served = await serve(base, { reconcileInterval: 1_000 });
    const at = (name: string): string => join(base.folder.path, name);
    mkdirSync(at('stubs'));
    const protos = readdirSync(`${root}proto/unpair/v1`).map((name) => `unpair/v1/${name}`);
    const outputs = [`--python_out=${at('stubs')}`, `--grpc_python_out=${at('stubs')}`];
    await run(python, ['-m', 'grpc_tools.protoc', '-I', 'proto', ...outputs, ...protos], { cwd: root });
    const files = {
      'campaign.yaml': spec,
      'full.onnx': 'a model',
      'samples.npz': 'samples',
      'more.npz': 'more',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text);

    const done = new AbortController();
    const working = work({ connection: base.connection }, done.signal);
    const args = [
      ...['--server', served.server.address, '--campaign', at('campaign.yaml')],
      ...['--model', `full=${at('full.onnx')}`, '--samples', at('samples.npz')],
      ...['--calibration', at('more.npz'), '--out', at('rows.parquet')],
    ];
    const client = join(root, 'examples/python/client.py');
    const env = { ...process.env, PYTHONPATH: at('stubs') };
    const { stdout } = await run(python, [client, ...args], { env });
    done.abort();
    await working;
    expect(stdout).toContain('paused: CAMPAIGN_STATE_PAUSED');
    expect(stdout).toContain(`CAMPAIGN_STATE_SUCCEEDED ${taskCount}/${taskCount}`);
    expect(stdout).toMatch(/rgf linf 0\.0314 - success [\d.]+ median [\d.]+/);
    expect(stdout).toContain('rows 40');

    const refused = run(
      python,
      [client, ...args, '--samples', at('campaign.yaml'), '--model', 'other=' + at('full.onnx')],
      { env },
    );
    await expect(refused).rejects.toThrow(/INVALID_ARGUMENT INVALID_ARGUMENT: /);
  },
);
