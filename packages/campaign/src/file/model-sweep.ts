import { nearest, suggestion } from '@unpair/parameters';
import type { ModelEntry } from '../campaign.js';
import type { Axis, Point } from '../swept.js';
import { axisLabel, sweepMember, sweptName } from '../swept.js';
import type { Field } from './field.js';
import type { ListedModel, ListedSibling } from './listed-model.js';
import { parentEntriesOf } from './listed-model.js';
import { combinationCount, combinations } from './parameters.js';
import type { Reference } from './reference.js';
import { reference } from './reference.js';
import { traitsOf } from '../catalogue.js';

/**
 * Models that lists may stand for, in all of a file: far fewer than points of an attack, for each is made, measured and
 * compared, and what compares every two grows with the square.
 */
export const MOST_SWEPT_MODELS = 1000;
/** Models that an error names of an entry that stands for more. */
const NAMED = 5;

/** What a name in the file stands for: a model, or an entry's one model for each point of its axes. */
interface Expansion {
  /** The entry's, or the model's that is named in full. */
  readonly name: string;
  readonly axes: readonly Axis[];
  /** The models' names, in the order of the sweep. */
  readonly names: readonly string[];
  /** Whether the entry is as it should be; otherwise it stands for itself, so that nothing else is complained about. */
  readonly isSound: boolean;
}

/** What an entry is made of: another, and of some kinds the full model beside it. */
interface Parents {
  readonly of: Expansion;
  readonly from: Expansion | undefined;
}

/**
 * Expands the entries of `models:`. A listed parameter is an axis. An entry has its own axes and after them those of what
 * it is made of, each once, and stands for one model at each point, the last axis varying fastest.
 */
export class ModelSweep {
  readonly #names: readonly string[];
  readonly #listed: ReadonlyMap<string, ListedModel>;
  readonly #expansions = new Map<string, Expansion>();
  readonly #models = new Map<string, readonly (readonly [string, ModelEntry])[]>();
  #swept = 0;

  /**
   * @param names of all entries, those in error included
   * @param listed the entries that could be read
   */
  constructor(names: readonly string[], listed: ReadonlyMap<string, ListedModel>) {
    this.#names = names;
    this.#listed = listed;
  }

  /** Every model, in the order of the file; complains about entries that cannot be expanded. */
  models(): ReadonlyMap<string, ModelEntry> {
    for (const name of this.#listed.keys()) {
      // Ancestors first, so that long chains do not recurse.
      for (const ancestor of this.#lineage(name).reverse()) this.#entry(ancestor);
    }
    return new Map(this.#names.flatMap((name) => this.#models.get(name) ?? []));
  }

  /** Reads the name of an entry or of one of its models, as the names of the models that it stands for. */
  read(field: Field): readonly string[] | undefined {
    const named = field.read(reference);
    return named === undefined ? undefined : this.#resolve(field, named)?.names;
  }

  /** An entry and what it is made of, as far as that has yet to be expanded. */
  #lineage(name: string): string[] {
    const lineage = new Set([name]);
    for (const each of lineage) {
      const parents = parentEntriesOf(this.#listed.get(each));
      for (const parent of parents) if (!this.#expansions.has(parent)) lineage.add(parent);
    }
    return [...lineage];
  }

  /** A model that is named in full has no axes: it is that one. Without any models, that is the error to report. */
  #resolve(field: Field, { name, entry: base }: Reference): Expansion | undefined {
    if (this.#names.length === 0 || this.#names.includes(name)) return this.#entry(name);
    const entry = base !== name && this.#names.includes(base) ? this.#entry(base) : undefined;
    if (entry?.names.includes(name) === true || entry?.isSound === false) return single(name, entry.isSound);
    const hint = entry === undefined ? suggestion(name, this.#names) : namesHint(name, entry);
    field.reject(`names no model, got "${name}"${hint}`);
    return undefined;
  }

  #entry(name: string): Expansion {
    const known = this.#expansions.get(name);
    if (known !== undefined) return known;
    // What leads back here has been complained about as a circle.
    this.#expansions.set(name, single(name, false));
    const expanded = this.#expand(name) ?? single(name, false);
    this.#expansions.set(name, expanded);
    return expanded;
  }

  #expand(name: string): Expansion | undefined {
    const model = this.#listed.get(name);
    if (model === undefined) return undefined;
    if (model.kind === 'given') {
      this.#models.set(name, [[name, model.entry]]);
      return single(name, true);
    }
    const parents = this.#parents(model);
    if (parents === undefined) return undefined;
    const axes = axesOf(name, model, parents);
    if (!this.#allows(name, model, axes)) return undefined;
    const points = combinations(new Map(axes.map((axis) => [axis, axis.values]))).map((at) => new Map(at));
    const models = points.map((at) => {
      const sweep = sweepMember(name, axes, at);
      return [
        sweptName(sweep),
        { ...entryAt(at, name, model, parents), ...(axes.length > 0 && { sweep }) },
      ] as const;
    });
    this.#models.set(name, models);
    const isSound = parents.of.isSound && parents.from?.isSound !== false;
    return { name, axes, names: models.map(([each]) => each), isSound };
  }

  #parents({ field, kind, of: base, from: full }: ListedSibling): Parents | undefined {
    const of = this.#resolve(field.get(kind).get('of'), base);
    const from = full === undefined ? undefined : this.#resolve(field.get(kind).get('from'), full);
    return of === undefined || (full !== undefined && from === undefined) ? undefined : { of, from };
  }

  /** Whether an entry may stand for so many models. */
  #allows(name: string, { field, kind }: ListedSibling, axes: readonly Axis[]): boolean {
    if (axes.length === 0) return true;
    const ready = field.get('ready');
    const labels = axes.map((axis) => axisLabel(name, axis)).join(', ');
    if (ready.present) ready.reject(`belongs beside one model, not beside a sweep of ${labels}`);
    // Said once: whatever comes after is too much as well.
    if (this.#swept > MOST_SWEPT_MODELS) return false;
    const count = combinationCount(
      axes.map(({ values }) => values),
      MOST_SWEPT_MODELS,
    );
    this.#swept += count;
    if (this.#swept <= MOST_SWEPT_MODELS) return count > 0;
    field
      .get(kind)
      .reject(`must keep the models that lists stand for within ${MOST_SWEPT_MODELS}, got ${this.#swept}`);
    return false;
  }
}

function single(name: string, isSound: boolean): Expansion {
  return { name, axes: [], names: [name], isSound };
}

/** An axis that `of` and `from` have in common is one: both are taken at the same point. */
function axesOf(entry: string, { listed }: ListedSibling, { of, from }: Parents): readonly Axis[] {
  const own = [...listed].map(([parameter, values]) => ({ entry, parameter, values }));
  return [...new Set([...own, ...of.axes, ...(from?.axes ?? [])])];
}

function entryAt(point: Point, name: string, listed: ListedSibling, { of, from }: Parents): ModelEntry {
  const { kind, parameters, adaptive, ready } = listed;
  const own = [...point].filter(([axis]) => axis.entry === name);
  const values = Object.fromEntries(own.map(([{ parameter }, value]) => [parameter, value]));
  return {
    ...{ kind, of: nameAt(point, of), ...traitsOf(listed), parameters: { ...parameters, ...values } },
    ...(from !== undefined && { from: nameAt(point, from) }),
    ...(adaptive !== undefined && { adaptive }),
    ...(ready !== undefined && { ready }),
  };
}

function nameAt(point: Point, { name, axes }: Expansion): string {
  return sweptName(sweepMember(name, axes, point));
}

function namesHint(word: string, { names }: Expansion): string {
  const near = nearest(word, names);
  if (near !== undefined) return `; did you mean "${near}"?`;
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `; known are ${names.slice(0, NAMED).join(', ')}${more}`;
}
