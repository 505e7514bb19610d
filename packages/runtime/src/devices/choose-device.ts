import { UnpairError } from '@unpair/errors';
import type { RuntimeName } from '../create-runtime.js';
import type { DeviceReport } from './device-report.js';
import { describeDevice } from './device-report.js';

/** What a user asked for. */
export interface DeviceRequest {
  readonly runtime: RuntimeName;
  /** `auto`, `cpu`, `cuda`, `cuda:1` or `webgpu`. */
  readonly device: string;
}

/** Devices that can be asked for, in words. */
export const DEVICE_NAMES = 'auto, cpu, cuda, cuda:N or webgpu';

/** Whether `text` is one of {@link DEVICE_NAMES}. */
export function isDeviceName(text: string): boolean {
  return /^(?:auto|cpu|webgpu|cuda(?::\d{1,2})?)$/.test(text);
}

/**
 * The first device of the reports that can be used and that a user asked for.
 * @throws {UnpairError} naming the request, and why each device that it names cannot be used
 */
export function chooseDevice(reports: readonly DeviceReport[], request: DeviceRequest): DeviceReport {
  const asked = reports.filter((report) => concerns(report, request));
  const usable = asked.find((report) => report.usable && matches(report.device, request.device));
  if (usable !== undefined) return usable;
  const reasons = asked.map(describeDevice).join('; ');
  throw new UnpairError(
    'FAILED_PRECONDITION',
    `device "${request.device}" of runtime "${request.runtime}" cannot be used: ${reasons || 'there is no such device'}`,
  );
}

/** Whether a report has to do with a request: one on a GPU that cannot be used has to do with every GPU. */
function concerns({ runtime, device }: DeviceReport, request: DeviceRequest): boolean {
  const isRuntime = request.runtime === 'auto' || request.runtime === runtime;
  return (
    isRuntime && (matches(device, request.device) || (device === 'cuda' && request.device.startsWith('cuda')))
  );
}

function matches(device: string, request: string): boolean {
  // WebGPU is taken by name alone: its adapter may be a driver that computes on the CPU.
  if (request === 'auto') return device !== 'webgpu';
  return device === request || (request === 'cuda' && device.startsWith('cuda'));
}
