import type { Task } from './gen/unpair/v1/task.js';

/** Kinds of work that workers can be kept for: making models, attacking them, measuring them. */
export const workKinds = ['train', 'attack', 'measure'] as const;

export type WorkKind = (typeof workKinds)[number];

/** The label of workers that no operator labelled, and of campaigns that ask for no label. */
export const anyLabel = 'any';

/** What distinguishes the workers that may take a task. */
export interface WorkerClass {
  /** The operator's. */
  readonly label: string;
  /** What determines rows: see `WorkerReport.engine`. */
  readonly engine: string;
  readonly kind: WorkKind;
}

/** The queue of a class, which is also the name of its consumer: one subject token. */
export function queueName({ label, engine, kind }: WorkerClass): string {
  return `${label}_${engine}_${kind}`;
}

/** The kind of work of a task; tasks of kinds that are not known here count as measurements. */
export function workKindOf(kind: NonNullable<Task['work']>['$case']): WorkKind {
  if (kind === 'derive') return 'train';
  return kind === 'attack' || kind === 'prepare' ? 'attack' : 'measure';
}

/** Whether a text can be a label: a part of a subject token. */
export function isLabel(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(text);
}

/** What labels look like, in words. */
export const labelsAllowed = '1 to 32 lower-case letters, digits and "-", with no "-" at either end';

/** Where a worker reports: `workers.<id>`, with what no subject may hold replaced. */
export function workerSubject(worker: string): string {
  return `workers.${worker.replace(/[^A-Za-z0-9_-]/g, '_') || '_'}`;
}

/** The reports of all workers. */
export const allWorkers = 'workers.*';

/**
 * Asks workers to report at once: all of them, or those that hold a task of the campaign whose id is the message. The
 * answers tell them what to abandon.
 */
export const rollCall = 'rollcall';
