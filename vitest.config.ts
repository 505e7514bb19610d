import { defineConfig } from 'vitest/config';

/** Workspace packages resolve to their TypeScript sources; processes that tests start are the compiled ones. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'services/*/test/**/*.test.ts',
      'cli/test/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    globalSetup: ['test/build.ts'],
    // Native runtimes and real servers: processes, not threads, and no more than the cores of a small machine.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
