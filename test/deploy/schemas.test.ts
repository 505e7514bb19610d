import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { kustomize, missingTool } from './kustomize.js';
import { root } from './dockerfile.js';

const cached = `${root}.cache/bin/kubeconform`;
const kubeconform = existsSync(cached) ? cached : 'kubeconform';

const missing = missingTool('kubectl', ['version', '--client']) ?? missingTool(kubeconform, ['-v']);
const suffix = missing === undefined ? '' : ` (skipped: ${missing})`;

/** Field by field, as the API server's strict validation does; the schemas are those of `deploy/k8s/schemas`. */
function validate(manifests: string): { readonly status: number | null; readonly output: string } {
  const location = `${root}deploy/k8s/schemas/{{.ResourceKind}}{{.KindSuffix}}.json`;
  const options = { input: manifests, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(
    kubeconform,
    ['-strict', '-summary', '-schema-location', location],
    options,
  );
  return { status, output: `${stdout}${stderr}` };
}

const overlays = readdirSync(`${root}deploy/k8s/overlays`).map((name) => `overlays/${name}`);

describe.skipIf(missing !== undefined)(`manifests against the schemas${suffix}`, () => {
  test.each(['base', ...overlays])('%s is valid', (path) => {
    const { status, output } = validate(kustomize(path));
    expect(output).toContain('Invalid: 0, Errors: 0, Skipped: 0');
    expect(status).toBe(0);
  });

  test.each([
    [
      'an unknown field of a pod',
      '      serviceAccountName: coordinator\n',
      '      serviceAcountName: coordinator\n',
    ],
    ['a number where text belongs', 'replicas: 1\n', 'replicas: one\n'],
    ['a kind without a schema', 'kind: PodDisruptionBudget\n', 'kind: PodDisruptionBudgets\n'],
  ])('%s is refused', (_what, right, wrong) => {
    const manifests = kustomize('base');
    expect(manifests).toContain(right);
    expect(validate(manifests.replace(right, wrong)).status).toBe(1);
  });
});
