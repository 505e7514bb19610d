import type { PlannedTask } from '@unpair/campaign';

/** What a task is about, in the words of the campaign file. */
export function taskLabel(task: PlannedTask): string {
  switch (task.kind) {
    case 'derive':
      return `${task.model} (${task.recipe})`;
    case 'accuracy':
      return `accuracy of ${task.model}`;
    case 'similarity':
    case 'alignment':
      return `similarity of ${task.surrogate} and ${task.target}`;
    case 'masking':
      return `masked gradients of ${task.model}`;
    case 'attack': {
      const { attack, surrogate, target } = task.cell;
      return `${attack} on ${target}${surrogate === null ? '' : ` through ${surrogate}`}`;
    }
  }
}
