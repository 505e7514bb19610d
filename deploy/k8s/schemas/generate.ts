import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** Where the schemas come from, and the kinds that deploy/ uses of each. All are under the Apache License 2.0. */
const sources = [
  {
    module: 'k8s.io/kubernetes@v1.34.3',
    files: {
      'api/openapi-spec/v3/api__v1_openapi.json': [
        'ConfigMap',
        'Namespace',
        'PersistentVolumeClaim',
        'Service',
        'ServiceAccount',
      ],
      'api/openapi-spec/v3/apis__apps__v1_openapi.json': ['Deployment', 'StatefulSet'],
      'api/openapi-spec/v3/apis__networking.k8s.io__v1_openapi.json': ['NetworkPolicy'],
      'api/openapi-spec/v3/apis__policy__v1_openapi.json': ['PodDisruptionBudget'],
      'api/openapi-spec/v3/apis__scheduling.k8s.io__v1_openapi.json': ['PriorityClass'],
    },
  },
  {
    module: 'github.com/kedacore/keda/v2@v2.20.2',
    files: { 'config/crd/bases/keda.sh_scaledobjects.yaml': ['ScaledObject'] },
  },
  {
    module: 'github.com/cert-manager/cert-manager@v1.21.2',
    files: {
      'deploy/crds/cert-manager.io_certificates.yaml': ['Certificate'],
      'deploy/crds/cert-manager.io_issuers.yaml': ['Issuer'],
    },
  },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    files: {
      'example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml': ['PodMonitor'],
      'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml': ['PrometheusRule'],
    },
  },
  {
    module: 'sigs.k8s.io/gateway-api@v1.4.0',
    files: {
      'config/crd/standard/gateway.networking.k8s.io_gateways.yaml': ['Gateway'],
      'config/crd/standard/gateway.networking.k8s.io_grpcroutes.yaml': ['GRPCRoute'],
    },
  },
];

type Schema = Readonly<Record<string, unknown>>;

interface OpenApi {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

const folder = fileURLToPath(new URL('.', import.meta.url));
const kubernetesTypes = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const reference = '#/components/schemas/';

/** What validates nothing: prose, and hints for Kubernetes' own machinery. */
const idle = new Set(['description', 'example', 'default', 'title', 'externalDocs']);

/**
 * The same as a JSON schema that refuses fields that it does not name, as the API server does under strict validation.
 * Rules in CEL (`x-kubernetes-validations`) are beyond JSON schemas and are left out.
 */
function strict(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strict);
  if (typeof value !== 'object' || value === null) return value;
  const schema = value as Schema;
  if (schema['x-kubernetes-int-or-string'] === true || schema['format'] === 'int-or-string') {
    return { type: ['string', 'integer'] };
  }
  const result: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(schema)) {
    if (idle.has(key) || key.startsWith('x-kubernetes-')) continue;
    if (key === 'properties') result[key] = properties(each as Schema);
    else if (key === '$ref') result[key] = String(each).replace(reference, '#/definitions/');
    else if (key === 'enum' || key === 'required') result[key] = each;
    else if (key !== 'nullable') result[key] = strict(each);
  }
  if (schema['nullable'] === true && typeof result['type'] === 'string')
    result['type'] = [result['type'], 'null'];
  const open = 'additionalProperties' in schema || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if ('properties' in schema && !open) result['additionalProperties'] = false;
  return result;
}

/** Names of fields are no keywords: a field may be called `description`. */
function properties(fields: Schema): Schema {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, strict(field)]));
}

/** The schema with all definitions that it reaches. */
function withDefinitions(schema: Schema, schemas: Readonly<Record<string, Schema>>): Schema {
  const definitions: Record<string, unknown> = {};
  const collect = (text: string): void => {
    for (const [, name = ''] of text.matchAll(/"#\/definitions\/([^"]+)"/g)) {
      if (name in definitions) continue;
      definitions[name] = strict(schemas[name]);
      collect(JSON.stringify(definitions[name]));
    }
  };
  collect(JSON.stringify(schema));
  return { ...schema, definitions };
}

/** The file's name is what kubeconform asks for: kind, first word of the group, version. */
function write(kind: string, group: string, version: string, schema: Schema): void {
  const parts = [kind, ...(group === '' ? [] : [group.split('.')[0]]), version];
  writeFileSync(join(folder, `${parts.join('-').toLowerCase()}.json`), `${JSON.stringify(schema)}\n`);
}

function moduleFolder(module: string): string {
  const found = JSON.parse(
    execFileSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8' }),
  ) as {
    Dir: string;
  };
  return found.Dir;
}

function ofOpenApi(file: string, kinds: readonly string[]): void {
  const { schemas } = (JSON.parse(readFileSync(file, 'utf8')) as OpenApi).components;
  for (const schema of Object.values(schemas)) {
    const [named] = (schema['x-kubernetes-group-version-kind'] ?? []) as {
      group: string;
      kind: string;
      version: string;
    }[];
    if (named === undefined || !kinds.includes(named.kind)) continue;
    write(named.kind, named.group, named.version, withDefinitions(strict(schema) as Schema, schemas));
  }
}

function ofDefinition(file: string, [kind = '']: readonly string[], common: OpenApi): void {
  const { group, versions } = (parse(readFileSync(file, 'utf8')) as CustomResourceDefinition).spec;
  for (const { name, schema } of versions) {
    const own = strict(schema.openAPIV3Schema) as { properties: Schema };
    const metadata = { $ref: `#/definitions/${kubernetesTypes}.ObjectMeta` };
    write(
      kind,
      group,
      name,
      withDefinitions({ ...own, properties: { ...own.properties, metadata } }, common.components.schemas),
    );
  }
}

/** Writes the schemas of all kinds beside this file. Takes the modules from Go's proxy. */
function generate(): void {
  const [kubernetes] = sources;
  if (kubernetes === undefined) return;
  const core = join(moduleFolder(kubernetes.module), 'api/openapi-spec/v3/api__v1_openapi.json');
  const common = JSON.parse(readFileSync(core, 'utf8')) as OpenApi;
  for (const { module, files } of sources) {
    const at = moduleFolder(module);
    for (const [file, kinds] of Object.entries(files)) {
      if (basename(file).endsWith('.json')) ofOpenApi(join(at, file), kinds);
      else ofDefinition(join(at, file), kinds, common);
    }
  }
}

generate();
