import { converse } from '../kit/conversation.js';
import type { Case } from './cases.js';
import type { Engine, Row } from './row.js';
import { WORKLOADS } from './row.js';

const SCRIPT = new URL('engine_torch.py', import.meta.url).pathname;
/** Debian's PyTorch belongs to Debian's Python. */
const INTERPRETERS = ['/usr/bin/python3', 'python3'];

/** PyTorch's memory layouts, as the table names them: the default, and the one that its convolutions prefer. */
export const TORCH_LAYOUTS = { nchw: 'PyTorch', channels_last: 'PyTorch, channels last' } as const;

/** The first Python that has PyTorch; undefined where none has. */
export async function findTorch(): Promise<Engine | undefined> {
  for (const interpreter of INTERPRETERS) {
    const script = converse(interpreter, [SCRIPT, '--version']);
    const greeting = (await script.ask()) as { readonly version?: string } | undefined;
    await script.end();
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
    const script = converse(interpreter, [SCRIPT, ...[name, layout, batch, side, classes].map(String)]);
    return WORKLOADS.map((workload): Row => ({
      workload,
      engine,
      seconds: [],
      measure: async () => {
        const answer = (await script.ask(workload)) as { readonly seconds?: number } | undefined;
        return answer?.seconds ?? Number.NaN;
      },
      close: () => script.end(),
    }));
  });
}
