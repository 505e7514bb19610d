import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { asCopy, contextFiles, readStages, root, taken } from './dockerfile.js';

const stages = readStages();
const stage = (name: string): readonly string[] =>
  stages.find((each) => each.name === name)?.instructions ?? [];
const files = contextFiles();

describe.each(stages.map(({ name, instructions }) => [name, instructions] as const))(
  'stage %s',
  (name, instructions) => {
    const earlier = stages.slice(
      0,
      stages.findIndex((each) => each.name === name),
    );
    const copies = instructions.flatMap((line) => asCopy(line) ?? []);

    test('copies only what .dockerignore lets in, and only from stages before it', () => {
      for (const { from, sources } of copies) {
        if (from !== undefined) expect(earlier.map((each) => each.name)).toContain(from);
        else for (const source of sources) expect(taken(files, source), source).not.toEqual([]);
      }
    });

    test('runs only scripts that were copied', () => {
      const scripts = instructions.flatMap((line) => line.match(/\bscripts\/[\w-]+/g) ?? []);
      for (const script of scripts) expect(files).toContain(script);
    });
  },
);

test('the context has no tests, no builds, and neither models nor data', () => {
  const strange = files.filter((path) => /(^|\/)(test|dist|node_modules|models|data|runs)\//.test(path));
  expect(strange).toEqual([]);
});

test('packages are installed from manifests alone, so that a change of a source installs nothing', () => {
  for (const name of ['build', 'coordinator-dependencies', 'worker-dependencies']) {
    const before = stage(name).slice(
      0,
      stage(name).findIndex((line) => line.includes('npm ci')),
    );
    const copies = before.flatMap((line) => asCopy(line) ?? []);
    expect(copies.map(({ from }) => from)).toEqual(['manifests']);
  }
});

test('every base is pinned by its digest', () => {
  const names = stages.map(({ name }) => name);
  for (const { base } of stages.filter((each) => !names.includes(each.base))) {
    expect(base).toMatch(/^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
  }
});

describe.each(['coordinator', 'worker', 'worker-gpu'])('image %s', (image) => {
  const last = stage(image);

  test('has neither tools nor sources of the build: they stay in earlier stages', () => {
    expect(last.filter((line) => line.startsWith('RUN '))).toEqual([]);
    expect(last.flatMap((line) => asCopy(line) ?? []).filter(({ from }) => from === undefined)).toEqual([]);
  });

  test('runs as a numbered user who is not root', () => {
    const user = last.find((line) => line.startsWith('USER '));
    expect(Number(/^USER (\d+):\d+$/.exec(user ?? '')?.[1])).toBeGreaterThan(0);
  });

  test('starts the service itself, so that signals reach it', () => {
    const service = image.replace('-gpu', '');
    expect(last.at(-1)).toBe(`CMD ["node", "services/${service}/dist/main.js"]`);
    expect(existsSync(`${root}services/${service}/src/main.ts`)).toBe(true);
  });
});

test('only the GPU image downloads TensorFlow', () => {
  const using = stages.filter(({ instructions }) => instructions.join('\n').includes('tfjs-node-gpu'));
  expect(using.map(({ name }) => name)).toEqual(['worker-gpu-dependencies']);
});

test('the coordinator installs no runtime of models', () => {
  const reach = (path: string, found = new Set<string>()): Set<string> => {
    if (found.has(path)) return found;
    found.add(path);
    const text = readFileSync(`${root}${path}/package.json`, 'utf8');
    const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
    for (const name of Object.keys(dependencies).filter((each) => each.startsWith('@unpair/'))) {
      reach(name.replace('@unpair/', 'packages/'), found);
    }
    return found;
  };
  const reached = reach('services/coordinator');
  expect(reached).toContain('packages/platform');
  expect(reached).not.toContain('packages/runtime');
});
