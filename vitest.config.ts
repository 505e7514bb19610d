import { defineConfig } from 'vitest/config';

const everything = [
  'packages/*/test/**/*.test.ts',
  'services/*/test/**/*.test.ts',
  'cli/test/**/*.test.ts',
  'test/**/*.test.ts',
];

/** What puts modules of its own in place of others, and so cannot share them. */
const alone = ['services/coordinator/test/adding-a-measurement.test.ts'];

/**
 * Workspace packages resolve to their TypeScript sources; processes that tests start are the compiled ones. Files share
 * the modules of their process: to load them anew for each took half as long as the tests.
 */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    globalSetup: ['test/build.ts'],
    projects: [
      { extends: true, test: { name: 'together', include: everything, exclude: alone, isolate: false } },
      { extends: true, test: { name: 'alone', include: alone } },
    ],
    // Native runtimes and real servers: processes, not threads. One more than the cores of a small machine, since tests
    // of processes wait for most of their time.
    pool: 'forks',
    maxWorkers: 3,
    // Tests end when what they wait for is there; this ends those that hang, also on a machine with four times its load.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
