import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Shows short texts as they are, long ones page by page, colours included. */
const LESS = 'less -FRX';

/**
 * Shows a text through the program that `PAGER` names, `less` where it names none; prints it where there is no such program.
 * Resolves when the reader is done.
 */
export async function page(
  text: string,
  { PAGER }: Readonly<Record<string, string | undefined>>,
  print: (text: string) => void,
): Promise<void> {
  const command = PAGER === undefined || PAGER === '' ? LESS : PAGER;
  const pager = spawn(command, { shell: true, stdio: ['pipe', 'inherit', 'ignore'] });
  // A reader who leaves early closes the pipe.
  pager.stdin.on('error', () => undefined);
  pager.stdin.end(text);
  const [code] = (await once(pager, 'close')) as [number | null];
  // What a shell says of a program that is not there, or may not be run.
  if (code === 127 || code === 126) print(text);
}
