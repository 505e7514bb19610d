import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const folder = new URL('../../deploy/docker/', import.meta.url);
const images = ['coordinator', 'worker', 'worker-gpu'];

/** The Dockerfile's stages, each a list of instructions with their continuation lines joined. */
function stages(image: string): readonly (readonly string[])[] {
  const text = readFileSync(new URL(`${image}.Dockerfile`, folder), 'utf8').replaceAll('\\\n', ' ');
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const starts = lines.flatMap((line, index) => (line.startsWith('FROM ') ? [index] : []));
  return starts.map((start, stage) => lines.slice(start, starts[stage + 1]));
}

describe.each(images)('%s.Dockerfile', (image) => {
  const last = stages(image).at(-1) ?? [];

  test('the image has neither tools nor sources of the build: they stay in earlier stages', () => {
    expect(stages(image).length).toBeGreaterThan(1);
    expect(last.filter((line) => line.startsWith('RUN '))).toEqual([]);
    expect(last.filter((line) => /^COPY (?!--from=)/.test(line))).toEqual([]);
  });

  test('runs as a numbered user who is not root', () => {
    const user = last.find((line) => line.startsWith('USER '));
    expect(Number(/^USER (\d+):\d+$/.exec(user ?? '')?.[1])).toBeGreaterThan(0);
  });

  test('starts the service itself, so that signals reach it', () => {
    const service = image.replace('-gpu', '');
    expect(last.at(-1)).toBe(`CMD ["node", "services/${service}/dist/main.js"]`);
  });

  test('installs run-time dependencies from the lock file', () => {
    const install = stages(image)
      .flat()
      .filter((line) => line.includes('npm ci --omit=dev'));
    expect(install).toHaveLength(1);
  });
});

test('only the GPU image downloads TensorFlow', () => {
  const using = images.filter((image) => stages(image).flat().join('\n').includes('tfjs-node-gpu'));
  expect(using).toEqual(['worker-gpu']);
});
