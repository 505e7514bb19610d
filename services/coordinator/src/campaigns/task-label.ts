import { rowKind, type PlannedTask, type Surrogate } from '@unpair/campaign';

/** What a task is about, in the words of the campaign file. */
export function taskLabel(task: PlannedTask): string {
  switch (task.kind) {
    case 'derive':
      return `${task.model} (${task.recipe})`;
    case 'prepare':
    case 'attack': {
      const { attack, surrogate, target } = task.cell;
      const what = task.kind === 'prepare' ? `what ${attack} takes` : attack;
      return `${what} on ${target}${surrogate === null ? '' : ` through ${surrogate.name}`}`;
    }
    default: {
      const { noun, models } = rowKind(task.kind);
      const parts: Readonly<Record<string, unknown>> = { ...task };
      const names = Object.keys(models).map((part) => {
        const model = parts[part] as string | Surrogate;
        return typeof model === 'string' ? model : model.name;
      });
      return `${noun} of ${names.join(' and ')}`;
    }
  }
}
