import {
  canonicalJson,
  isSibling,
  offerOf,
  rowKind,
  type Campaign,
  type EndpointEntry,
  type Offer,
  type PlannedTask,
  type Range,
  type Surrogate,
} from '@unpair/campaign';
import type { CampaignRecord, Endpoint, ModelRef, SampleRange, Task } from '@unpair/protocol';

export interface TaskMessageOptions {
  readonly planned: PlannedTask;
  readonly generation: number;
  readonly record: CampaignRecord;
  readonly file: Campaign;
  /** SHA-256 of every model that exists, by name. */
  readonly digests: ReadonlyMap<string, string>;
}

/** A planned task as it travels: names resolved to digests, parameters as canonical JSON. */
export function taskMessage(options: TaskMessageOptions): Task {
  const { planned, generation, record, file } = options;
  return {
    campaignId: record.id,
    index: planned.index,
    round: record.round,
    generation,
    seed: file.seed,
    work: workOf(options),
  };
}

type Work = Exclude<Task['work'], undefined>;

/** What the plan names, as the digests that a task has of it. */
interface References {
  readonly model: (id: string) => ModelRef;
  /** A model that is asked and no more. */
  readonly asked: (id: string) => ModelRef;
  readonly samples: (range: Range) => SampleRange;
}

function workOf({ planned, record, file, digests }: TaskMessageOptions): Work {
  const model = (id: string): ModelRef => {
    const entry = file.models.get(id);
    if (entry?.kind === 'endpoint') return { id, digest: '', endpoint: endpointOf(entry) };
    return { id, digest: required(digests.get(id), id) };
  };
  const asked = (id: string): ModelRef => ({ ...model(id), ...accessOf(offerOf(file.models, id)) });
  const samples = (range: Range): SampleRange => ({ digest: record.request?.samples ?? '', ...range });
  switch (planned.kind) {
    case 'derive': {
      const parameters = canonicalJson(planned.parameters);
      const calibration = {
        digest: record.request?.calibration ?? '',
        first: 0,
        count: planned.trainingSamples,
      };
      const { model: name, recipe, of, from } = planned;
      const refer = relationOf(file, name) === 'imitates' ? asked : model;
      const target = from === null ? undefined : refer(from);
      const heldOut = planned.heldOut
        ? { digest: record.request?.heldOut ?? '', ...planned.heldOut }
        : undefined;
      return {
        $case: 'derive',
        value: { model: name, kind: recipe, of: model(of), from: target, parameters, calibration, heldOut },
      };
    }
    case 'prepare':
    case 'attack': {
      const { id, target, surrogate, attack, norm, epsilon, goal } = planned.cell;
      const { on = 'attacked' } = planned.cell.preparation ?? {};
      const isTrained = planned.kind === 'prepare' && on === 'training';
      const training = { digest: record.request?.calibration ?? '', ...planned.samples };
      const needed = planned.kind === 'attack' && planned.cell.preparation !== null;
      const made = needed ? { prepared: { id, digest: required(digests.get(id), id) } } : {};
      const value = {
        cell: id,
        target: asked(target),
        ...(surrogate === null ? { surrogates: [] } : surrogatesOf(surrogate, model)),
        attack,
        parameters: canonicalJson(planned.cell.parameters),
        norm,
        epsilon,
        samples: isTrained ? training : samples(planned.samples),
        ...made,
        reach: goal === 'avoid' ? '' : String(goal.reach),
      };
      return { $case: planned.kind, value };
    }
    default:
      return measurement(planned, { model, asked, samples });
  }
}

/** The work of a measurement: a message with the parts of its kind's key, the samples, and the ball of those that have one. */
function measurement(
  planned: Exclude<PlannedTask, { readonly kind: 'derive' | 'prepare' | 'attack' }>,
  { model, asked, samples }: References,
): Work {
  const { key, models } = rowKind(planned.kind);
  const values: Readonly<Record<string, unknown>> = { ...planned };
  const parts = Object.keys(key).map((part) => {
    const value = values[part] as string | Surrogate;
    if (typeof value !== 'string') return surrogatesOf(value, model);
    const refer = planned.kind === 'accuracy' ? asked : model;
    return { [part]: models[part] === 'model' ? refer(value) : value };
  });
  const ball = 'threat' in planned ? planned.threat : {};
  const value: unknown = {
    ...(Object.assign({}, ...parts) as object),
    ...ball,
    samples: samples(planned.samples),
  };
  return { $case: planned.kind, value } as Work;
}

/** The models of a surrogate, and how they are used. */
function surrogatesOf(
  { models, fusion, backward }: Surrogate,
  refer: (id: string) => ModelRef,
): { readonly surrogates: ModelRef[]; readonly fusion?: string } {
  const how = backward && { backward: canonicalJson({ ...backward }) };
  const surrogates = models.map((id) => ({ ...refer(id), ...how }));
  return { surrogates, ...(fusion !== undefined && { fusion }) };
}

/** What a model gives who asks it, where that is less than its logits. */
function accessOf(offer: Offer): Pick<ModelRef, 'access'> {
  if (offer.access === 'logits') return {};
  const { access: kind, ...rest } = offer;
  return { access: { kind, k: 0, ...rest } };
}

function endpointOf({ endpoint, model, token, limits, options = {} }: EndpointEntry): Endpoint {
  const { env, file } = { env: undefined, file: undefined, ...token };
  return {
    ...{ url: endpoint, model },
    ...{ tokenVariable: env, tokenFile: file },
    ...{ batch: limits.batch, inFlight: limits.inFlight, perSecond: limits.perSecond ?? 0 },
    options: JSON.stringify(options),
  };
}

function relationOf({ models }: Campaign, name: string): string | undefined {
  const entry = models.get(name);
  return entry !== undefined && isSibling(entry) ? entry.relation : undefined;
}

function required(digest: string | undefined, model: string): string {
  if (digest === undefined)
    throw new Error(`Model "${model}" has no file yet; its task was released too early.`);
  return digest;
}
