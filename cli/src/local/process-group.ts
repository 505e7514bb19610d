import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/** Asks process groups to end, waits for as long as `graceMs`, and kills those that are left. */
export async function endGroups(leaders: Iterable<number>, graceMs: number): Promise<void> {
  let alive = [...leaders].filter((leader) => signalGroup(leader, 'SIGTERM'));
  for (let waited = 0; alive.length > 0 && waited < graceMs; waited += POLL_MS) {
    await sleep(POLL_MS);
    alive = alive.filter((leader) => signalGroup(leader, 0));
  }
  for (const leader of alive) signalGroup(leader, 'SIGKILL');
}

/** Signals every process of a group. @returns whether there was any. */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false;
  }
}
