import type { Placement } from '@unpair/campaign';
import { anyLabel, queueName, type CampaignRecord, type WorkKind } from '@unpair/protocol';
import type { Engine } from './worker-table.js';

/** The engines that a campaign is bound to: fields of its record. */
export type Binding = Pick<CampaignRecord, 'engine' | 'trainEngine'>;

/** The engines that a campaign's placement lets it use. */
function eligible(placement: Placement, engines: readonly Engine[]): readonly Engine[] {
  const label = placement.label ?? anyLabel;
  const { device } = placement;
  return engines.filter((one) => one.label === label && (device === undefined || one.device === device));
}

/**
 * Chooses the engines of a campaign that it is not bound to yet: of those that its placement allows and that attack and measure,
 * the one with most live slots. Models may be made by another, since each is made once and then is a file: by the same one
 * where it trains, otherwise by the one with most slots for that. What there is no engine for stays empty.
 */
export function bindingFor(placement: Placement, bound: Binding, engines: readonly Engine[]): Binding {
  const able = eligible(placement, engines).filter(({ slots }) => slots.attack > 0 && slots.measure > 0);
  const rows = bound.engine === '' ? able[0] : able.find(({ engine }) => engine === bound.engine);
  const engine = bound.engine || (rows?.engine ?? '');
  if (bound.trainEngine !== '' || rows === undefined) return { engine, trainEngine: bound.trainEngine };
  return { engine, trainEngine: trainerFor(placement, rows, engines)?.engine ?? '' };
}

function trainerFor(
  { label = anyLabel }: Placement,
  rows: Engine,
  engines: readonly Engine[],
): Engine | undefined {
  if (rows.slots.train > 0) return rows;
  const trainers = engines.filter((one) => one.label === label && one.slots.train > 0);
  return trainers.sort((a, b) => b.slots.train - a.slots.train)[0];
}

/** The queues that a campaign's tasks of a kind may go to: one, unless its file lets engines mix; none while it is not bound. */
export function queuesFor(
  { placement, binding, kind }: { placement: Placement; binding: Binding; kind: WorkKind },
  engines: readonly Engine[],
): readonly string[] {
  const label = placement.label ?? anyLabel;
  if (placement.mixed) {
    const able = (
      kind === 'train' ? engines.filter((one) => one.label === label) : eligible(placement, engines)
    ).filter(({ slots }) => slots[kind] > 0);
    return able.map(({ engine }) => queueName({ label, engine, kind }));
  }
  const engine = kind === 'train' ? binding.trainEngine : binding.engine;
  return engine === '' ? [] : [queueName({ label, engine, kind })];
}

/** The class that a campaign waits for, in words. */
export function classWanted({
  placement,
  binding,
  kind,
}: {
  placement: Placement;
  binding: Binding;
  kind: WorkKind;
}): string {
  const { label = anyLabel } = placement;
  const device = kind === 'train' && binding.engine !== '' ? undefined : placement.device;
  const engine = placement.mixed ? '' : kind === 'train' ? binding.trainEngine : binding.engine;
  if (engine !== '') return queueName({ label, engine, kind });
  const kinds = placement.mixed || binding.engine !== '' ? kind : 'attack and measure';
  return `label ${label}, device ${device ?? 'of any kind'}, for ${kinds}`;
}
