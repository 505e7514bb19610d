import type { ModelEntry } from '../campaign.js';
import { entryOf, isSibling } from '../campaign.js';
import type { KnownSibling } from '../catalogue.js';
import type { ListedModel } from './listed-model.js';

type Models = ReadonlyMap<string, ModelEntry>;
type SiblingsByName = ReadonlyMap<string, KnownSibling>;

/** Complains, once for each entry, where one that takes float weights alone is made of a quantized model. */
export function reportRoundedParents(
  models: Models,
  listed: ReadonlyMap<string, ListedModel>,
  siblings: readonly KnownSibling[],
): void {
  const byName: SiblingsByName = new Map(siblings.map((sibling) => [sibling.name, sibling]));
  const seen = new Set<string>();
  for (const [name, entry] of models) {
    if (!isSibling(entry) || byName.get(entry.kind)?.rounding !== 'refuses') continue;
    const origin = entryOf(name, entry);
    for (const key of ['of', 'from'] as const) {
      const [parent, model] = [entry[key], listed.get(origin)];
      if (parent === undefined || model === undefined || model.kind === 'given') continue;
      const place = `${origin} ${key}`;
      if (seen.has(place) || !isRounded(models, parent, byName)) continue;
      seen.add(place);
      const remedy = `${entry.kind} first and quantize what comes out`;
      model.field
        .get(entry.kind)
        .get(key)
        .reject(`must be a model with float weights, got "${parent}", which is quantized: ${remedy}`);
    }
  }
}

/** Whether a model has rounded weights: it was quantized, or made of such a one by a way that keeps them. */
function isRounded(models: Models, name: string, byName: SiblingsByName): boolean {
  const lineage = new Set([name]);
  for (const each of lineage) {
    const entry = models.get(each);
    if (entry === undefined || !isSibling(entry)) return false;
    const rounding = byName.get(entry.kind)?.rounding;
    if (rounding === 'adds') return true;
    // A circle ends here as well: its members are no longer added.
    if (rounding === 'keeps') lineage.add(entry.of);
  }
  return false;
}
