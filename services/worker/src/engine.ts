import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import type { ComputeFacts } from './compute/messages.js';

/** Counted up with every change to the code that changes a row: workers of two versions share no campaign. */
export const rowVersion = 1;

/** What of a worker determines rows. */
export type EngineFacts = Pick<ComputeFacts, 'runtime' | 'devices'>;

/**
 * Names what determines rows, as a part of a subject token: version of the code, runtime and its version, device, and what
 * of the device changes the order of sums. Workers of one engine compute the same to the bit.
 * @param instructions of the CPU: see {@link instructionSet}
 */
export function engineOf({ runtime, devices }: EngineFacts, instructions: string): string {
  const { name, version, device } = runtime;
  const kind = deviceKind(device);
  const report = devices.find((one) => one.runtime === name && one.device === device);
  // Sizes of memory differ between cards of one make, and do not matter.
  const silicon = kind === 'cpu' ? instructions : (report?.detail.split(',')[0] ?? '');
  const facts = JSON.stringify([rowVersion, name, version, kind, silicon]);
  const digest = createHash('sha256').update(facts).digest('hex').slice(0, 8);
  return `${name}-${kind}-${digest}`.toLowerCase().replace(/[^a-z0-9-]/g, '-');
}

/** `cpu`, `cuda` or `webgpu`, of a device such as `cuda:1`. */
export function deviceKind(device: string): string {
  return device.split(':')[0] ?? device;
}

/** Instructions by which onnxruntime chooses between kernels of floating-point sums, the widest first. */
const levels: readonly (readonly [name: string, flags: readonly string[]])[] = [
  ['avx512', ['avx512f', 'avx512bw', 'avx512dq', 'avx512vl']],
  ['avx2', ['avx2', 'fma']],
  ['avx', ['avx']],
];

/**
 * The CPU's instruction set, as far as it changes sums: where Linux tells. Elsewhere the architecture and the system stand for
 * it. Instructions for integers are left out, for integer sums are exact.
 */
export function instructionSet(cpuInfo: string = readCpuInfo()): string {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuInfo)?.[1]?.trim().split(/\s+/));
  const level = levels.find(([, needed]) => needed.every((flag) => flags.has(flag)));
  return `${arch()} ${level?.[0] ?? platform()}`;
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
