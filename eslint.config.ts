import { defineConfig, globalIgnores } from 'eslint/config';
import type { Linter } from 'eslint';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** What models, attacks and siblings are made of. */
const mathematics = [
  'errors',
  'numerics',
  'parameters',
  'graph',
  'classifiers',
  'training',
  'attacks',
  'siblings',
];

/**
 * Who may import whom. Hoisting lets any workspace import any other, so the layering of
 * docs/architecture.md is enforced here.
 */
const layers: Record<string, readonly string[]> = {
  'packages/errors': [],
  'packages/protocol': ['errors'],
  'packages/graph': ['errors'],
  'packages/files': ['errors'],
  'packages/datasets': ['errors', 'files'],
  'packages/numerics': ['errors'],
  'packages/parameters': ['errors', 'numerics'],
  'packages/runtime': ['errors', 'graph'],
  'packages/formats': ['errors', 'graph'],
  'packages/classifiers': ['errors', 'numerics', 'graph'],
  'packages/training': ['errors', 'numerics', 'parameters', 'graph', 'classifiers'],
  'packages/attacks': ['errors', 'numerics', 'parameters', 'graph', 'classifiers', 'training'],
  'packages/siblings': ['errors', 'numerics', 'parameters', 'graph', 'classifiers', 'training', 'attacks'],
  'packages/measurements': ['errors', 'numerics', 'parameters', 'graph', 'classifiers', 'attacks'],
  'packages/campaign': [...mathematics, 'measurements'],
  'packages/page': ['campaign'],
  'packages/platform': ['errors', 'files', 'protocol'],
  'services/coordinator': ['errors', 'campaign', 'measurements', 'protocol', 'platform'],
  'services/worker': [
    ...mathematics,
    'measurements',
    'runtime',
    'files',
    'datasets',
    'campaign',
    'protocol',
    'platform',
  ],
  cli: [
    ...mathematics,
    'measurements',
    'formats',
    'runtime',
    'files',
    'datasets',
    'campaign',
    'page',
    'protocol',
    'platform',
  ],
};

const everyone = [...Object.keys(layers)].map((path) => path.split('/').at(-1) ?? path);

/** What holds no files, network, clock, environment or hidden randomness. */
const pure = [...mathematics, 'formats', 'measurements', 'campaign', 'page'];

/** A digest is a pure function; all else of Node is the world outside. */
const noNode = { regex: '^node:(?!crypto$)', message: 'This package is pure: take what it needs as values.' };

const layerRules: Linter.Config[] = Object.entries(layers).map(([path, allowed]) => ({
  files: [`${path}/src/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        paths:
          path === 'packages/platform'
            ? []
            : [{ name: 'nats', message: 'packages/platform alone speaks NATS.' }],
        patterns: [
          ...(pure.includes(path.replace('packages/', '')) ? [noNode] : []),
          ...everyone
            .filter((name) => !allowed.includes(name) && !path.endsWith(name))
            .map((name) => ({
              group: [`@unpair/${name}`, `@unpair/${name}/*`],
              message: `${path} may import only: ${allowed.join(', ') || 'nothing of ours'}.`,
            })),
        ],
      },
    ],
  },
}));

const pureRules: Linter.Config = {
  files: pure.map((name) => `packages/${name}/src/**/*.ts`),
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
  globalIgnores([
    'cli/bin/**',
    'test/chaos/*.cjs',
    '**/dist/**',
    '**/gen/**',
    'runs/**',
    'data/**',
    'coverage/**',
  ]),
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
