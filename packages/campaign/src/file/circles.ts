import type { ListedModel } from './listed-model.js';
import { parentEntriesOf } from './listed-model.js';

type Models = ReadonlyMap<string, ListedModel>;

/** Complains about entries that are made of themselves, over whatever detours. */
export function reportCircles(models: Models): void {
  reportCycles(models);
  reportTargetCycles(models);
}

/** Each cycle is reported once, at the model of it that the file names first. */
function reportCycles(models: Models): void {
  const settled = new Set<string>();
  for (const start of models.keys()) {
    const trail: string[] = [];
    let at: string | undefined = start;
    while (at !== undefined && !settled.has(at) && !trail.includes(at)) {
      trail.push(at);
      [at] = parentEntriesOf(models.get(at));
    }
    const cycle = at === undefined || settled.has(at) ? [] : trail.slice(trail.indexOf(at));
    trail.forEach((model) => settled.add(model));
    const [first] = cycle;
    const model = first === undefined ? undefined : models.get(first);
    if (first === undefined || model === undefined || model.kind === 'given') continue;
    const circle = [...cycle, first].join(' → ');
    const of = model.field.get(model.kind).get('of');
    of.reject(`must not lead back to the model itself, got ${circle}`);
  }
}

/** A model cannot be unpaired from one that is made, over whatever detours, of the model itself. */
function reportTargetCycles(models: Models): void {
  for (const [name, model] of models) {
    if (model.kind === 'given' || model.from === undefined) continue;
    if (!leadsTo(models, model.from.entry, name)) continue;
    const from = model.field.get(model.kind).get('from');
    from.reject(`must not be made of the model itself, got "${model.from.name}"`);
  }
}

function leadsTo(models: Models, start: string, goal: string): boolean {
  const reached = new Set([start]);
  for (const name of reached) {
    for (const parent of parentEntriesOf(models.get(name))) reached.add(parent);
  }
  return reached.has(goal);
}
