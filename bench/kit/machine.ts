import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Runtime } from '@unpair/graph';

/** What figures depend on, as far as it can be read off. */
export interface MachineFacts {
  readonly processor: string;
  readonly cores: number;
  /** Mean number of runnable processes over the last minute, before the benchmark starts. */
  readonly load: number;
  readonly runtime: string;
  readonly node: string;
  /** ISO 8601, UTC. */
  readonly started: string;
}

/** Reads the facts; to be called before anything is measured. */
export function machineFacts({ name, version, device }: Runtime): MachineFacts {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    load: loadavg()[0] ?? Number.NaN,
    runtime: `${name} ${version} ${device}`,
    node: process.version,
    started: new Date().toISOString(),
  };
}

/** The facts as lines of text, with a warning where others use the machine. */
export function describeMachine({ processor, cores, load, runtime, node }: MachineFacts): string {
  const lines = [`${processor}, ${cores} cores, load ${load.toFixed(2)}`, `${runtime}, Node ${node}`];
  if (load > 0.5) lines.push('The machine is not idle: measure again when it is.');
  return lines.map((line) => `${line}\n`).join('');
}
