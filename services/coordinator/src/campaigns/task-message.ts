import { canonicalJson, membersOf, type Campaign, type PlannedTask, type Range } from '@unpair/campaign';
import type { CampaignRecord, ModelRef, SampleRange, Task } from '@unpair/protocol';

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
    generation,
    seed: file.seed,
    work: workOf(options),
  };
}

function workOf({ planned, record, digests }: TaskMessageOptions): Exclude<Task['work'], undefined> {
  const model = (id: string): ModelRef => ({ id, digest: required(digests.get(id), id) });
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
      const target = from === null ? undefined : model(from);
      const heldOut = planned.heldOut
        ? { digest: record.request?.heldOut ?? '', ...planned.heldOut }
        : undefined;
      return {
        $case: 'derive',
        value: { model: name, kind: recipe, of: model(of), from: target, parameters, calibration, heldOut },
      };
    }
    case 'accuracy':
      return { $case: 'accuracy', value: { model: model(planned.model), samples: samples(planned.samples) } };
    case 'similarity': {
      const { surrogate, inputs, threat } = planned;
      const surrogates = membersOf(surrogate).map(model);
      const place = { target: model(planned.target), samples: samples(planned.samples) };
      return { $case: 'similarity', value: { surrogates, ...place, inputs, ...threat } };
    }
    case 'alignment': {
      const { surrogate, target } = planned;
      const value = { surrogate: model(surrogate), target: model(target), samples: samples(planned.samples) };
      return { $case: 'alignment', value };
    }
    case 'masking': {
      const { threat } = planned;
      const value = { model: model(planned.model), samples: samples(planned.samples), ...threat };
      return { $case: 'masking', value };
    }
    case 'attack': {
      const { id, target, surrogate, attack, norm, epsilon } = planned.cell;
      const value = {
        cell: id,
        target: model(target),
        surrogates: surrogate === null ? [] : membersOf(surrogate).map(model),
        attack,
        parameters: canonicalJson(planned.cell.parameters),
        norm,
        epsilon,
        samples: samples(planned.samples),
      };
      return { $case: 'attack', value };
    }
  }
}

function required(digest: string | undefined, model: string): string {
  if (digest === undefined)
    throw new Error(`Model "${model}" has no file yet; its task was released too early.`);
  return digest;
}
