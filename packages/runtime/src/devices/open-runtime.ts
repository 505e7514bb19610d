import { UnpairError } from '@unpair/errors';
import type { Runtime } from '@unpair/graph';
import { createRuntime } from '../create-runtime.js';
import type { DeviceReport } from './device-report.js';
import type { DeviceRequest } from './choose-device.js';
import { chooseDevice } from './choose-device.js';
import { discoverDevices } from './discover.js';

/** A runtime on the device that was chosen, and what else there was. */
export interface OpenedRuntime {
  readonly runtime: Runtime;
  /** The chosen one. */
  readonly device: DeviceReport;
  /** All that was found, in the order of preference. */
  readonly devices: readonly DeviceReport[];
}

/**
 * Finds this machine's devices and opens a runtime on the best that a user's request allows.
 * @throws {UnpairError} when none does, saying why for each
 */
export async function openRuntime(request: DeviceRequest): Promise<OpenedRuntime> {
  const devices = await discoverDevices(request);
  const chosen = chooseDevice(devices, request);
  const { runtime: name, device } = chosen;
  const runtime = await createRuntime(name, { device });
  // TensorFlow takes the GPU that it sees, and the CPU where it sees none.
  if (runtime.device === device) return { runtime, device: chosen, devices };
  throw new UnpairError(
    'FAILED_PRECONDITION',
    `runtime "${name}" took ${runtime.device} in place of ${device}`,
  );
}
