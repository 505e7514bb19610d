import { readFile } from 'node:fs/promises';

/** Ticks of the kernel's accounting in a second: the same on every Linux that Node runs on. */
const ticks = 100;

/** Seconds of a core that a process has taken so far, with all its threads; not a number where there is no `/proc`. */
export async function processorSeconds(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid ?? 'self'}/stat`, 'utf8').catch(() => '');
  // Behind the name, which may hold anything: the 14th and 15th fields.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? Number.NaN) + Number(fields[12] ?? Number.NaN)) / ticks;
}
