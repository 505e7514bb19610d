import type { Task } from '@unpair/protocol';
import type { ComputeProgress } from './messages.js';
import type { Meter } from './meter.js';
import type { Workbench } from './workbench.js';

/** What a process brings to the execution of a task. */
export interface TaskEnvironment {
  readonly workbench: Workbench;
  /** Paths of the artefacts that the task names, by digest. */
  readonly artefacts: ReadonlyMap<string, string>;
  readonly batchSize: number;
  readonly signal: AbortSignal;
  readonly report: (progress: ComputeProgress) => void;
}

/** What the execution of one kind of task may use. */
export interface TaskContext extends TaskEnvironment {
  readonly task: Task;
  readonly meter: Meter;
}
