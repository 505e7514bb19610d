/**
 * Makes one tarball of the command, the services that `run` and `dev` start, and our packages, which nobody publishes one by
 * one: `npm run pack` writes it to dist/. What others publish is installed with it from the registry, as ever.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STAGE = join(ROOT, '.cache', 'package');
const OUT = join(ROOT, 'dist');

const isOurs = (name: string): boolean => name.startsWith('@unpair/');

async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
}

/** What is compiled, without maps and types, which only those who develop it read. */
async function copyCompiled(folder: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await cp(join(ROOT, folder, 'package.json'), join(to, 'package.json'));
  await cp(join(ROOT, folder, 'dist'), join(to, 'dist'), {
    recursive: true,
    filter: (path) => !/\.(?:map|d\.ts|tsbuildinfo)$/.test(path),
  });
}

async function workspaceFolders(): Promise<readonly string[]> {
  const groups = ['packages', 'services'];
  const folders = await Promise.all(
    groups.map(async (group) => (await readdir(join(ROOT, group))).map((name) => join(group, name))),
  );
  return folders.flat().sort();
}

await rm(STAGE, { recursive: true, force: true });
const [root, command] = [await manifestOf('.'), await manifestOf('cli')];
const dependencies = new Map(Object.entries(command.dependencies ?? {}));
for (const folder of await workspaceFolders()) {
  const manifest = await manifestOf(folder);
  await copyCompiled(folder, join(STAGE, 'node_modules', manifest.name));
  for (const [name, range] of Object.entries(manifest.dependencies ?? {})) dependencies.set(name, range);
  dependencies.set(manifest.name, manifest.version);
}
await copyCompiled('cli', STAGE);
await cp(join(ROOT, 'cli', 'bin'), join(STAGE, 'bin'), { recursive: true });
for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) await cp(join(ROOT, file), join(STAGE, file));
const { description, engines, license, type } = root as unknown as Record<string, unknown>;
const names = [...dependencies.keys()].sort();
const manifest = {
  ...{ name: command.name, version: root.version, description, license, type, engines },
  bin: { unpair: './bin/unpair.js' },
  dependencies: Object.fromEntries(names.map((name) => [name, dependencies.get(name)])),
  bundleDependencies: names.filter(isOurs),
};
await writeFile(join(STAGE, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
await mkdir(OUT, { recursive: true });
execFileSync('npm', ['pack', '--silent', '--pack-destination', OUT], { cwd: STAGE, stdio: 'inherit' });
