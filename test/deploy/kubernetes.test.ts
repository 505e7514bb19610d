import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kustomize, missingTool } from './kustomize.js';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly readinessProbe?: unknown;
  readonly livenessProbe?: unknown;
  readonly securityContext?: Record<string, unknown>;
  readonly resources?: { readonly limits?: Record<string, unknown> };
  readonly volumeMounts?: readonly { readonly name: string }[];
}
interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Record<string, unknown>;
  readonly containers: readonly Container[];
}
interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Record<string, unknown> & {
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string> };
      readonly spec: PodSpec;
    };
  };
}

function build(path: string): readonly Resource[] {
  return parseAllDocuments(kustomize(path)).map((document) => document.toJS() as Resource);
}

const workloadKinds = new Set(['Deployment', 'StatefulSet']);
const workloads = (resources: readonly Resource[]): readonly Resource[] =>
  resources.filter(({ kind }) => workloadKinds.has(kind));

const missing = missingTool('kubectl', ['version', '--client']);
const without = missing !== undefined;
const suffix = without ? ` (skipped: ${missing})` : '';

describe.skipIf(without)(`kustomize${suffix}`, () => {
  test.each(['base', 'overlays/gpu'])('%s builds into one namespace', (path) => {
    const resources = build(path);
    const names = workloads(resources).map(({ metadata }) => metadata.name);
    expect(names).toEqual(expect.arrayContaining(['coordinator', 'nats', 'worker']));
    const homeless = resources.filter(
      ({ kind, metadata }) =>
        metadata.namespace !== 'unpair' && !['Namespace', 'PriorityClass'].includes(kind),
    );
    expect(homeless).toEqual([]);
  });

  test.each(
    workloads(without ? [] : build('overlays/gpu')).map(
      (one) => [one.metadata.name, one.spec.template.spec] as const,
    ),
  )('the pods of %s satisfy the restricted profile', (_name, pod) => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    for (const container of pod.containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.image).toMatch(/:[^:]+$/);
      expect(container.image).not.toMatch(/:latest$/);
      expect(container.resources?.limits).toHaveProperty('memory');
      expect(container.readinessProbe).toBeDefined();
      expect(container.livenessProbe).toBeDefined();
    }
  });

  test('a worker has more time to end than it takes to drain', () => {
    for (const { spec } of workloads(build('overlays/gpu')).filter(({ metadata }) =>
      metadata.name.startsWith('worker'),
    )) {
      const pod = spec.template.spec;
      const drain = pod.containers[0]?.env?.find(({ name }) => name === 'UNPAIR_DRAIN_SECONDS')?.value;
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(drain) + 15);
    }
  });

  test('nothing is reachable unless a policy says so, and every workload has a policy, an account and a budget', () => {
    const resources = build('base');
    const named = (kind: string): readonly string[] =>
      resources.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
    const denial = resources.find(({ metadata }) => metadata.name === 'default-deny');
    expect(denial?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    for (const { metadata, spec } of workloads(resources)) {
      expect(named('NetworkPolicy')).toContain(metadata.name);
      expect(named('PodDisruptionBudget')).toContain(metadata.name);
      expect(named('ServiceAccount')).toContain(spec.template.spec.serviceAccountName);
    }
  });

  test('GPU workers differ from CPU workers only where they must', () => {
    const resources = build('overlays/gpu');
    const [cpu, gpu] = ['worker', 'worker-gpu'].map(
      (name) =>
        resources.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name)?.spec.template
          .spec,
    );
    expect(gpu?.containers[0]?.resources?.limits).toHaveProperty('nvidia.com/gpu', 1);
    const settings = (pod: PodSpec | undefined): object =>
      Object.fromEntries((pod?.containers[0]?.env ?? []).map((one) => [one.name, one]));
    expect(settings(gpu)).toEqual({
      ...settings(cpu),
      UNPAIR_DEVICE: { name: 'UNPAIR_DEVICE', value: 'cuda' },
      UNPAIR_KINDS: { name: 'UNPAIR_KINDS', value: 'attack,measure' },
      CUDA_CACHE_PATH: { name: 'CUDA_CACHE_PATH', value: '/var/cache/unpair/cuda' },
    });
    expect(settings(cpu)).toMatchObject({ UNPAIR_DEVICE: { value: 'cpu' } });
    expect(gpu?.containers[0]?.volumeMounts).toEqual(cpu?.containers[0]?.volumeMounts);
    expect(gpu?.securityContext).toEqual(cpu?.securityContext);
  });
});
