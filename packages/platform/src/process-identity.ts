import { readFileSync, readlinkSync } from 'node:fs';

/** A process, told apart from every other that there was: where its number is one, the number, and when it started. */
export interface ProcessIdentity {
  /** The running system and its space of process numbers: those of containers are their own. */
  readonly space: string;
  readonly pid: number;
  /** In ticks of that system's clock. */
  readonly started: string;
}

/** This process; null on systems that do not tell. */
export function processIdentity(): ProcessIdentity | null {
  const space = spaceOf();
  const started = startOf(process.pid);
  return space === undefined || started === undefined ? null : { space, pid: process.pid, started };
}

/** Whether a process certainly is no more: only of those in the same space that can be said. */
export function isGoneProcess({ space, pid, started }: ProcessIdentity): boolean {
  return space === spaceOf() && startOf(pid) !== started;
}

function spaceOf(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

/** Field 22 of a process's state; the second is a name in parentheses that may hold anything. A zombie is gone. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : fields[18];
  } catch {
    return undefined;
  }
}
