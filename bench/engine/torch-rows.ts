import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Row, Workload } from './row.js';

const SCRIPT = new URL('engine_torch.py', import.meta.url).pathname;
/** Debian's PyTorch belongs to Debian's Python. */
const INTERPRETERS = ['/usr/bin/python3', 'python3'];

const LAYOUTS = { torch: 'nchw', 'torch channels_last': 'channels_last' } as const;
const WORKLOADS: readonly Workload[] = ['forward', 'gradient', 'training'];

/** PyTorch, as far as it is installed: one process that times what it is asked for. */
export interface Torch {
  readonly version: string;
  readonly rows: readonly Row[];
}

/** Starts the first Python that has PyTorch; undefined where none has. */
export async function startTorch(
  batch: number,
  flops: Readonly<Record<string, number>>,
): Promise<Torch | undefined> {
  for (const interpreter of INTERPRETERS) {
    const child = spawn(interpreter, [SCRIPT, String(batch)], { stdio: ['pipe', 'pipe', 'ignore'] });
    const ask = conversation(child);
    const greeting = (await ask()) as { readonly version?: string } | undefined;
    if (greeting?.version !== undefined) {
      return { version: greeting.version, rows: rowsOf(child, ask, flops) };
    }
  }
  return undefined;
}

function rowsOf(
  child: ChildProcess,
  ask: (line?: string) => Promise<unknown>,
  flops: Readonly<Record<string, number>>,
): readonly Row[] {
  return WORKLOADS.flatMap((workload) =>
    (['torch', 'torch channels_last'] as const).map((engine): Row => ({
      name: `PyTorch ${workload}${engine === 'torch' ? '' : ', channels_last'}`,
      workload,
      engine,
      flops: flops[workload] ?? Number.NaN,
      seconds: [],
      measure: async () => {
        const answer = (await ask(`${workload} ${LAYOUTS[engine]} 1`)) as {
          readonly seconds: readonly number[];
        };
        return answer.seconds[0] ?? Number.NaN;
      },
      close: async () => {
        child.stdin?.end();
        if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
      },
    })),
  );
}

/** One line of JSON for each line that is sent; undefined once the process has ended. */
function conversation(child: ChildProcess): (line?: string) => Promise<unknown> {
  child.on('error', () => undefined);
  if (child.stdout === null) return () => Promise.resolve(undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (line) => {
    if (line !== undefined) child.stdin?.write(`${line}\n`);
    const next: IteratorResult<string, unknown> = await lines.next();
    return next.done === true ? undefined : (JSON.parse(next.value) as unknown);
  };
}
