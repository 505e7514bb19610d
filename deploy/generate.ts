import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse, stringify } from 'yaml';

const folder = fileURLToPath(new URL('.', import.meta.url));
const made = '# Made by deploy/generate.ts (npm run gen).\n';

const filesOf = (path: string, extension: string): readonly string[] =>
  readdirSync(`${folder}${path}`)
    .filter((name) => name.endsWith(extension))
    .sort();

function kustomization(generator: object, resources: readonly string[] = []): string {
  return (
    made +
    stringify({
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      ...(resources.length > 0 && { resources }),
      configMapGenerator: [generator],
    })
  );
}

/** The rules of Prometheus as the operator takes them, from the files that promtool tests. */
function prometheusRule(): string {
  const groups = filesOf('prometheus/rules', '.yaml').flatMap((name) => {
    const text = readFileSync(`${folder}prometheus/rules/${name}`, 'utf8');
    return (parse(text) as { readonly groups: readonly unknown[] }).groups;
  });
  const rule = { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule' };
  return made + stringify({ ...rule, metadata: { name: 'unpair' }, spec: { groups } }, { lineWidth: 0 });
}

/** What Kubernetes is given of rules and dashboards, by path below deploy/: their text stands in one place. */
export function kubernetesFiles(): ReadonlyMap<string, string> {
  const rules = filesOf('prometheus/rules', '.yaml').map((name) => `rules/${name}`);
  const dashboards = { name: 'unpair-dashboards', files: filesOf('grafana', '.json') };
  const options = { labels: { grafana_dashboard: '1' }, disableNameSuffixHash: true };
  return new Map([
    ['prometheus/prometheus-rule.yaml', prometheusRule()],
    [
      'prometheus/kustomization.yaml',
      // For a Prometheus without the operator: mounted at rules/ beside prometheus.yaml.
      kustomization({ name: 'unpair-rules', files: rules }, ['prometheus-rule.yaml']),
    ],
    ['grafana/kustomization.yaml', kustomization({ ...dashboards, options })],
  ]);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [path, text] of kubernetesFiles()) writeFileSync(`${folder}${path}`, text);
}
