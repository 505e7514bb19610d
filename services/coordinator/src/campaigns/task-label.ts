import { rowKind, type PlannedTask } from '@unpair/campaign';

/** What a task is about, in the words of the campaign file. */
export function taskLabel(task: PlannedTask): string {
  switch (task.kind) {
    case 'derive':
      return `${task.model} (${task.recipe})`;
    case 'attack': {
      const { attack, surrogate, target } = task.cell;
      return `${attack} on ${target}${surrogate === null ? '' : ` through ${surrogate}`}`;
    }
    default: {
      const { noun, models } = rowKind(task.kind);
      const names: Readonly<Record<string, unknown>> = { ...task };
      return `${noun} of ${Object.keys(models)
        .map((part) => String(names[part]))
        .join(' and ')}`;
    }
  }
}
