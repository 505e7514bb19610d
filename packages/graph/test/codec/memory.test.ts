import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GraphBuilder, encodeModel, float32 } from '@unpair/graph';
import { expect, it, onTestFinished } from 'vitest';

const SCRIPT = fileURLToPath(new URL('support/measure-memory.ts', import.meta.url));
const MEGABYTE = 2 ** 20;

/** What the script prints. */
type Measured = Readonly<Record<'size' | 'parameters' | 'grown', number>>;

/** Twelve layers of 10 MB. The names differ in length, so that the weights begin at all kinds of addresses. */
function largeModel(): Uint8Array {
  const builder = new GraphBuilder('large');
  let value = builder.input('x', 'float32', ['N', 1619]);
  for (let layer = 0; layer < 12; layer++) {
    const weights = float32([1619, 1619], new Float32Array(1619 * 1619).fill(layer + 1));
    value = builder.node('MatMul', [value, builder.initializer('w'.repeat(layer + 1), weights)]);
  }
  builder.output(value, 'float32', ['N', 1619]);
  return encodeModel(builder.build());
}

it('a model above 100 MB is read within twice its size', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'unpair-large-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'large.onnx');
  await writeFile(path, largeModel());
  const args = ['--conditions=source', '--import', import.meta.resolve('tsx'), SCRIPT, path];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { size, parameters, grown } = JSON.parse(stdout) as Measured;
  expect(parameters).toBe(12 * 1619 ** 2);
  expect(size).toBeGreaterThan(100 * MEGABYTE);
  expect(grown).toBeGreaterThan(size);
  expect(grown).toBeLessThan(2 * size);
});
