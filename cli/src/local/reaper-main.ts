import { endGroups } from './process-group.js';
import type { ReaperMessage } from './reaper.js';

const GRACE_MS = 5_000;
const groups = new Set<number>();

process.on('message', (message: ReaperMessage) => {
  if ('watch' in message) groups.add(message.watch);
  else groups.delete(message.forget);
});
process.on('disconnect', () => {
  void endGroups(groups, GRACE_MS).finally(() => process.exit(0));
});
// The terminal's Ctrl-C is for the parent, which ends its children in order.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);
