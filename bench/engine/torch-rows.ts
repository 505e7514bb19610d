import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Case } from './cases.js';
import type { Engine, Row } from './row.js';
import { WORKLOADS } from './row.js';

const SCRIPT = new URL('engine_torch.py', import.meta.url).pathname;
/** Debian's PyTorch belongs to Debian's Python. */
const INTERPRETERS = ['/usr/bin/python3', 'python3'];

/** PyTorch's memory layouts, as the table names them: the default, and the one that its convolutions prefer. */
export const TORCH_LAYOUTS = { nchw: 'PyTorch', channels_last: 'PyTorch, channels last' } as const;

/** Asks a running script for a measurement, or for its greeting; undefined once it has ended. */
type Ask = (line?: string) => Promise<unknown>;

/** The first Python that has PyTorch; undefined where none has. */
export async function findTorch(): Promise<Engine | undefined> {
  for (const interpreter of INTERPRETERS) {
    const { child, ask } = start(interpreter, ['--version']);
    const greeting = (await ask()) as { readonly version?: string } | undefined;
    await ended(child);
    if (greeting?.version === undefined) continue;
    return {
      name: `PyTorch ${greeting.version}`,
      rows: (model) => Promise.resolve(rowsOf(interpreter, model)),
    };
  }
  return undefined;
}

/** One process for each layout, which measures what it is asked for. */
function rowsOf(interpreter: string, { name, batch, side, classes }: Case): readonly Row[] {
  return Object.entries(TORCH_LAYOUTS).flatMap(([layout, engine]) => {
    const { child, ask } = start(interpreter, [name, layout, batch, side, classes].map(String));
    return WORKLOADS.map((workload): Row => ({
      workload,
      engine,
      seconds: [],
      measure: async () => {
        const answer = (await ask(workload)) as { readonly seconds?: number } | undefined;
        return answer?.seconds ?? Number.NaN;
      },
      close: () => ended(child),
    }));
  });
}

function start(interpreter: string, args: readonly string[]): { child: ChildProcess; ask: Ask } {
  const child = spawn(interpreter, [SCRIPT, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  return { child, ask: conversation(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  if (child.exitCode === null && child.pid !== undefined) {
    await new Promise((resolve) => child.once('exit', resolve));
  }
}

/** One line of JSON for each line that is sent; undefined once the process has ended. */
function conversation(child: ChildProcess): Ask {
  child.on('error', () => undefined);
  if (child.stdout === null) return () => Promise.resolve(undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (line) => {
    if (line !== undefined) child.stdin?.write(`${line}\n`);
    const next: IteratorResult<string, unknown> = await lines.next();
    return next.done === true ? undefined : (JSON.parse(next.value) as unknown);
  };
}
