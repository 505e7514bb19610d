import type { Sample } from '@unpair/classifiers';
import {
  argmax,
  consecutiveSamples,
  createClassifier,
  createDifferentiableClassifier,
} from '@unpair/classifiers';
import { inputs, loadDataset, slice } from '@unpair/datasets';
import { decodeModel } from '@unpair/graph';
import { median, wilson } from '@unpair/numerics';
import { createRuntime } from '@unpair/runtime';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Conversation } from '../kit/conversation.js';
import { converse } from '../kit/conversation.js';
import { describeMachine, machineFacts } from '../kit/machine.js';
import { readOptions } from '../kit/options.js';
import { writeResults } from '../kit/results-file.js';
import { textTable } from '../kit/table.js';
import { atLeast, metWord } from '../kit/verdict.js';
import type { Match } from './matches.js';
import { MATCHES } from './matches.js';
import type { Outcome, OurModels } from './our-side.js';
import { ourSide } from './our-side.js';

const SCRIPT = new URL('peers.py', import.meta.url).pathname;
const [SURROGATE, TARGET] = ['cifar10-resnet20.onnx', 'cifar10-stranger.onnx'].map(
  (name) => new URL(`../../models/${name}`, import.meta.url).pathname,
) as [string, string];
const BATCH = 64;
/** Images of a first turn that is not timed. */
const WARM = 4;
const OPTIONS = { samples: { default: 256, min: 8 }, rounds: { default: 3, min: 1 } } as const;

interface Greeting {
  readonly torch: string;
  readonly tools: Readonly<Record<string, string>>;
}

interface Arena {
  readonly models: OurModels;
  readonly samples: readonly Sample[];
  readonly python: Conversation;
  readonly rounds: number;
}

/**
 * Attacks of ours beside those of public Python tools: same networks, images, parameters and batch, one thread each, in
 * turns. Success has to be in the 95 % interval of theirs, or above, and the time of a core no more.
 */
export async function runPeersBenchmark(args: readonly string[]): Promise<void> {
  const { numbers, texts, json } = readOptions(args, OPTIONS, ['python', 'only']);
  const runtime = await createRuntime();
  const machine = machineFacts(runtime);
  process.stdout.write(describeMachine(machine));
  const folder = await mkdtemp(join(tmpdir(), 'unpair-peers-'));
  const graphs = await Promise.all(
    [SURROGATE, TARGET].map(async (file) => decodeModel(await readFile(file))),
  );
  const [own, other] = graphs;
  if (own === undefined || other === undefined) throw new Error('two models are read');
  const target = await createClassifier({ graph: other, runtime, threads: 1 });
  const surrogate = await createDifferentiableClassifier({ graph: own, runtime, threads: 1 });
  try {
    const samples = await rightSamples({ target, surrogate }, numbers.samples);
    const file = join(folder, 'images');
    await writeFile(file, Buffer.concat(samples.map(({ input }) => Buffer.from(input.slice().buffer))));
    const python = converse(
      texts.python ?? 'python3',
      [SCRIPT, SURROGATE, TARGET, file, target.shape.join(',')],
      true,
    );
    const greeting = (await python.ask()) as Greeting | undefined;
    if (greeting === undefined) {
      await python.end();
      process.stdout.write('This Python has no torch, numpy and onnx2torch: nothing to compare with.\n');
      return;
    }
    process.stdout.write(`PyTorch ${greeting.torch}, ${versions(greeting)}\n\n`);
    const arena = { models: { target, surrogate }, samples, python, rounds: numbers.rounds };
    const results: Result[] = [];
    for (const match of MATCHES) {
      if (texts.only !== undefined && match.attack !== texts.only) continue;
      for (const tool of match.tools) {
        if (greeting.tools[tool] === undefined) {
          process.stdout.write(`${match.attack} of ${tool} is left out: it is not installed.\n`);
        } else results.push(await compare(match, tool, arena));
      }
    }
    await python.end();
    process.stdout.write(table(results));
    await writeResults(json, {
      ...{ benchmark: 'peers', machine, results },
      settings: { ...numbers, batch: BATCH, torch: greeting.torch, ...greeting.tools },
    });
  } finally {
    await Promise.all([target.close(), surrogate.close(), rm(folder, { recursive: true })]);
  }
}

function versions({ tools }: Greeting): string {
  return Object.entries(tools)
    .map((entry) => entry.join(' '))
    .join(', ');
}

/** The first test images of CIFAR-10 that both networks are right on. */
async function rightSamples({ target, surrogate }: OurModels, count: number): Promise<readonly Sample[]> {
  const dataDir = process.env['UNPAIR_DATA_DIR'] ?? join(homedir(), '.cache', 'unpair', 'data');
  const set = slice(await loadDataset('cifar10', 'test', { dataDir }), 0, 2 * count);
  const samples = consecutiveSamples(0, inputs(set), set.labels);
  const right: Sample[] = [];
  for (const sample of samples) {
    const answers = [await target.logits(sample.input, 1), await surrogate.logits(sample.input, 1)];
    if (answers.every((logits) => argmax(logits) === sample.label)) right.push(sample);
    if (right.length === count) break;
  }
  return right;
}

/** One tool's attack and ours. */
interface Result {
  readonly attack: string;
  readonly tool: string;
  readonly samples: number;
  readonly ours: Side;
  readonly theirs: Side;
  /** 95 % of their success, after Wilson. */
  readonly interval: readonly [number, number];
  readonly succeeds: boolean;
  /** Their time of a core over ours. */
  readonly speed: ReturnType<typeof atLeast>;
}

interface Side {
  readonly success: number;
  readonly medianL2: number;
  readonly queries: number;
  /** For 1,000 images, medians over the rounds: on the clock, and of a core. */
  readonly seconds: number;
  readonly processor: number;
}

async function compare(match: Match, tool: string, arena: Arena): Promise<Result> {
  const samples = arena.samples.slice(0, Math.max(8, Math.round(match.share * arena.samples.length)));
  await turn(match, tool, arena, samples.slice(0, WARM));
  const turns: (readonly [Outcome, Outcome])[] = [];
  for (let round = 0; round < arena.rounds; round++) turns.push(await turn(match, tool, arena, samples));
  const sides = {
    ours: sideOf(
      turns.map(([ours]) => ours),
      match,
    ),
    theirs: sideOf(
      turns.map(([, theirs]) => theirs),
      match,
    ),
  };
  const successes = Math.round(sides.theirs.success * samples.length);
  const { low, high } = wilson(successes, samples.length);
  const result = {
    ...{ attack: match.attack, tool, samples: samples.length, ...sides },
    ...{ interval: [low, high] as const, succeeds: sides.ours.success >= low },
    speed: atLeast(1, sides.theirs.processor / sides.ours.processor),
  };
  process.stdout.write(`${match.attack} ${tool} ${result.speed.value.toFixed(2)}\n`);
  return result;
}

/** Both sides once, theirs first. */
async function turn(
  match: Match,
  tool: string,
  { python, models }: Arena,
  samples: readonly Sample[],
): Promise<readonly [Outcome, Outcome]> {
  const theirs = await theirSide(match, tool, python, samples);
  const budget = 'rounds' in match.settings ? Math.round(theirs.queries) : undefined;
  return [await ourSide(match, models, samples, budget), theirs];
}

async function theirSide(
  { attack, transfer, threat, settings }: Match,
  tool: string,
  python: Conversation,
  samples: readonly Sample[],
): Promise<Outcome> {
  const labels = samples.map(({ label }) => label);
  const ask = {
    ...settings,
    tool,
    attack,
    transfer,
    epsilon: threat.epsilon,
    samples: samples.length,
    labels,
  };
  const answer = (await python.ask(JSON.stringify(ask))) as Outcome | undefined;
  if (answer === undefined) throw new Error(`${tool} ended in ${attack}`);
  return answer;
}

/** The first round's outcome, with the times of all. What is beyond epsilon is no success. */
function sideOf(outcomes: readonly Outcome[], { threat, transfer }: Match): Side {
  const [first] = outcomes;
  if (first === undefined) throw new Error('there is a round');
  const { success, l2, queries } = first;
  const within = success.filter((is, i) => is && (threat.norm === 'linf' || (l2[i] ?? 0) <= threat.epsilon));
  const each = (key: 'seconds' | 'processor'): number =>
    (1000 * median(outcomes.map((outcome) => outcome[key]))) / success.length;
  return {
    success: within.length / success.length,
    medianL2: median(l2),
    queries: transfer ? 1 : queries,
    seconds: each('seconds'),
    processor: each('processor'),
  };
}

function table(results: readonly Result[]): string {
  const head = [
    '',
    'tool',
    'images',
    'success',
    'theirs (95 %)',
    '',
    'l2',
    'theirs',
    's / 1,000',
    'theirs',
    'times as fast',
    '',
  ];
  return textTable([
    head,
    ...results.map(({ attack, tool, samples, ours, theirs, interval, succeeds, speed }) => [
      ...[attack, tool, String(samples), ours.success.toFixed(3)],
      `${theirs.success.toFixed(3)} (${interval.map((end) => end.toFixed(3)).join('–')})`,
      succeeds ? 'met' : 'missed',
      ...[ours.medianL2, theirs.medianL2].map((distance) => distance.toFixed(2)),
      ...[ours.processor, theirs.processor].map((seconds) => seconds.toFixed(1)),
      ...[speed.value.toFixed(2), metWord(speed)],
    ]),
  ]);
}
