import { defineConfig, globalIgnores } from 'eslint/config';
import type { Linter } from 'eslint';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/**
 * Who may import whom. Hoisting lets any workspace import any other, so the layering of
 * docs/architecture.md is enforced here.
 */
const layers: Record<string, readonly string[]> = {
  'packages/graph': [],
  'packages/protocol': [],
  'packages/datasets': [],
  'packages/runtime': ['graph'],
  'packages/formats': ['graph'],
  'packages/robustness': ['graph'],
  'packages/campaign': ['graph', 'robustness'],
  'packages/platform': ['protocol'],
  'services/coordinator': ['campaign', 'protocol', 'platform'],
  'services/worker': ['graph', 'runtime', 'robustness', 'datasets', 'campaign', 'protocol', 'platform'],
  cli: ['graph', 'formats', 'runtime', 'robustness', 'datasets', 'campaign', 'protocol', 'platform'],
};

const everyone = [...Object.keys(layers)].map((path) => path.split('/').at(-1) ?? path);

const layerRules: Linter.Config[] = Object.entries(layers).map(([path, allowed]) => ({
  files: [`${path}/src/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: everyone
          .filter((name) => !allowed.includes(name) && !path.endsWith(name))
          .map((name) => ({
            group: [`@unpair/${name}`, `@unpair/${name}/*`],
            message: `${path} may import only: ${allowed.join(', ') || 'nothing of ours'}.`,
          })),
      },
    ],
  },
}));

/** The mathematics is pure: no files, network, clock, environment or hidden randomness. */
const pureRules: Linter.Config = {
  files: ['packages/{graph,formats,robustness,campaign}/src/**/*.ts'],
  rules: {
    'no-restricted-globals': [
      'error',
      'process',
      'fetch',
      'setTimeout',
      'setInterval',
      'performance',
      'Date',
    ],
    'no-restricted-properties': [
      'error',
      { object: 'Math', property: 'random', message: 'Take a seeded stream.' },
    ],
  },
};

export default defineConfig(
  globalIgnores(['cli/bin/**', '**/dist/**', '**/gen/**', 'runs/**', 'data/**', 'coverage/**']),
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  { files: ['**/test/**/*.ts', 'bench/**/*.ts'], rules: { 'max-lines-per-function': 'off' } },
  ...layerRules,
  pureRules,
  prettier,
);
