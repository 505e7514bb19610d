import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository: the context that images are built in. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** One stage of a Dockerfile. */
export interface Stage {
  readonly name: string;
  readonly base: string;
  /** What follows FROM, each with its continuation lines joined. */
  readonly instructions: readonly string[];
}

/** A COPY: where from, which paths, where to. */
export interface Copy {
  /** A stage; the context when undefined. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

/** The stages of deploy/docker/Dockerfile, with the values of its global arguments filled in. */
export function readStages(): readonly Stage[] {
  const text = readFileSync(`${root}deploy/docker/Dockerfile`, 'utf8').replaceAll('\\\n', ' ');
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const first = lines.findIndex((line) => line.startsWith('FROM '));
  const values = new Map(lines.slice(0, first).map((line) => argument(line)));
  const stages: (Stage & { readonly instructions: string[] })[] = [];
  for (const line of lines.slice(first)) {
    const [, base = '', name = ''] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? [];
    if (base !== '') {
      stages.push({
        name,
        base: base.replace(/\$\{(\w+)\}/g, (_, key: string) => values.get(key) ?? ''),
        instructions: [],
      });
    } else stages.at(-1)?.instructions.push(line);
  }
  return stages;
}

function argument(line: string): readonly [string, string] {
  const [, name = '', value = ''] = /^ARG (\w+)=(\S+)$/.exec(line) ?? [];
  return [name, value];
}

/** The instruction as a COPY, or undefined where it is another. */
export function asCopy(instruction: string): Copy | undefined {
  const [, from, paths] = /^COPY (?:--from=(\S+) )?(?:--chown=\S+ )?(.+)$/.exec(instruction) ?? [];
  const words = paths?.split(/\s+/) ?? [];
  const target = words.pop();
  return target === undefined ? undefined : { from, sources: words, target };
}

/** Files of the repository that `.dockerignore` lets into the context, as paths from its root. */
export function contextFiles(): readonly string[] {
  const patterns = readFileSync(`${root}.dockerignore`, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 } as const;
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], options);
  return files.split('\n').filter((path) => path !== '' && isIncluded(path, patterns));
}

/** As the builder reads it: the last pattern that matches a path, or a folder above it, decides. */
function isIncluded(path: string, patterns: readonly string[]): boolean {
  const parts = path.split('/');
  const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  let included = true;
  for (const pattern of patterns) {
    const expression = asExpression(pattern.replace(/^!/, ''));
    if (above.some((each) => expression.test(each))) included = pattern.startsWith('!');
  }
  return included;
}

/** `**` is any number of folders; `*` is anything within one name, a leading dot too. */
function asExpression(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('**/', '(.+/)?').replace(/\*/g, '[^/]*')}$`);
}

/** Those of `files` that a path of a COPY takes: a file, or all in a folder. */
export function taken(files: readonly string[], source: string): readonly string[] {
  const path = source.replace(/^\.?\/?/, '').replace(/\/$/, '');
  return files.filter((file) => path === '' || file === path || file.startsWith(`${path}/`));
}
