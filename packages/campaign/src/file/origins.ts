import { suggestion } from '@unpair/parameters';
import type { ModelEntry } from '../campaign.js';
import { parentsOf } from '../derivation.js';
import type { Field } from './field.js';

type Models = ReadonlyMap<string, ModelEntry>;

/** Complains about files that are said to be made of what is no model, or of themselves, over whatever detours. */
export function reportOrigins(models: Models, fieldOf: (model: string) => Field): void {
  for (const [name, entry] of models) {
    if (entry.kind !== 'file' || entry.of === undefined) continue;
    const field = fieldOf(name);
    if (!models.has(entry.of))
      field.reject(`names no model, got "${entry.of}"${suggestion(entry.of, [...models.keys()])}`);
    else if (leadsBack(models, name))
      field.reject(`must not lead back to the model itself, got "${entry.of}"`);
  }
}

function leadsBack(models: Models, name: string): boolean {
  const reached = new Set(parentsOf(models.get(name)));
  for (const each of reached) for (const parent of parentsOf(models.get(each))) reached.add(parent);
  return reached.has(name);
}
