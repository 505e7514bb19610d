import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readStages, root } from './dockerfile.js';

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly read_only?: boolean;
}

const folder = `${root}deploy/compose`;
const text = readFileSync(`${folder}/compose.yaml`, 'utf8');
const { services, volumes } = parse(text, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: object;
};

test.each(Object.entries(services))(
  '%s is pinned or built here, and reached from this machine alone',
  (_name, service) => {
    const { image, build, ports = [], volumes: mounts = [] } = service;
    if (build === undefined) expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
    else {
      expect(existsSync(resolve(folder, build.context, build.dockerfile))).toBe(true);
      expect(readStages().map(({ name }) => name)).toContain(build.target);
    }
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    for (const mount of mounts) {
      const [source = ''] = mount.split(':');
      expect(source.startsWith('.') ? existsSync(resolve(folder, source)) : source in volumes, mount).toBe(
        true,
      );
    }
    expect(service.read_only).toBe(true);
  },
);
