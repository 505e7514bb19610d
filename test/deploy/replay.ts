import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { asCopy, contextFiles, readStages, root, taken, type Copy, type Stage } from './dockerfile.js';

/**
 * Carries out the stages of deploy/docker/Dockerfile up to `target`, each in a folder of its own in `folder`, where no
 * container engine is at hand: copies from the filtered context, commands by this machine's tools. Bases are not fetched.
 */
export function replay(target: string, folder: string): string {
  const stages = readStages();
  const needed = reach(stages, target);
  rmSync(folder, { recursive: true, force: true });
  for (const stage of stages.filter(({ name }) => needed.has(name))) {
    console.log(`== ${stage.name}`);
    replayStage(stage, folder);
  }
  return join(folder, target);
}

function reach(stages: readonly Stage[], name: string, found = new Set<string>()): Set<string> {
  const stage = stages.find((each) => each.name === name);
  if (stage === undefined || found.has(name)) return found;
  found.add(name);
  for (const line of stage.instructions) {
    const from = asCopy(line)?.from;
    if (from !== undefined) reach(stages, from, found);
  }
  return found;
}

function replayStage({ name, instructions }: Stage, folder: string): void {
  const stage = join(folder, name);
  let workdir = '/';
  for (const line of instructions) {
    if (line.startsWith('WORKDIR ')) workdir = line.slice(8);
    const here = join(stage, workdir);
    mkdirSync(here, { recursive: true });
    const copy = asCopy(line);
    if (copy !== undefined) replayCopy(copy, here, folder);
    if (line.startsWith('RUN ')) run(line.slice(4), here, stage);
  }
}

function replayCopy({ from, sources, target }: Copy, here: string, folder: string): void {
  const copyInto = (source: string, to: string): void => {
    mkdirSync(dirname(to), { recursive: true });
    cpSync(source, to, { recursive: true, verbatimSymlinks: true });
  };
  for (const source of sources) {
    if (from !== undefined) {
      copyInto(join(folder, from, source), join(here, target));
      continue;
    }
    const files = taken(contextFiles(), source);
    if (files.length === 0) throw new Error(`The context has no ${source}.`);
    for (const file of files) {
      copyInto(
        join(root, file),
        join(here, target, source === '.' ? file : (file.split('/').at(-1) ?? file)),
      );
    }
  }
}

/** Paths from the root that the commands name lie in the stage's folder. */
function run(command: string, here: string, stage: string): void {
  const inside = command.replace(/ \/(?=manifests|opt|state)/g, ` ${stage}/`);
  execFileSync('sh', ['-ec', inside], { cwd: here, stdio: 'inherit' });
}

const [target, folder] = process.argv.slice(2);
if (target === undefined || folder === undefined) throw new Error('Give a target and a folder.');
console.log(`${target}: ${replay(target, folder)}/app`);
