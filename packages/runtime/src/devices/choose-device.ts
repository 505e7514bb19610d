import { UnpairError } from '@unpair/errors';
import type { RuntimeName } from '../create-runtime.js';
import type { DeviceReport } from './device-report.js';
import { describeDevice } from './device-report.js';

/** What a user asked for. */
export interface DeviceWish {
  readonly runtime: RuntimeName;
  /** `auto`, `cpu`, `cuda` or `cuda:1`. */
  readonly device: string;
}

/** Devices that can be asked for, in words. */
export const DEVICE_NAMES = 'auto, cpu, cuda or cuda:N';

/** Whether `text` is one of {@link DEVICE_NAMES}. */
export function isDeviceName(text: string): boolean {
  return /^(?:auto|cpu|cuda(?::\d{1,2})?)$/.test(text);
}

/**
 * The first device of the reports that can be used and that a user asked for.
 * @throws {UnpairError} naming the wish, and why each device that it names cannot be used
 */
export function chooseDevice(reports: readonly DeviceReport[], wish: DeviceWish): DeviceReport {
  const asked = reports.filter((report) => concerns(report, wish));
  const usable = asked.find((report) => report.usable && matches(report.device, wish.device));
  if (usable !== undefined) return usable;
  const reasons = asked.map(describeDevice).join('; ');
  throw new UnpairError(
    'FAILED_PRECONDITION',
    `device "${wish.device}" of runtime "${wish.runtime}" cannot be used: ${reasons || 'there is no such device'}`,
  );
}

/** Whether a report has to do with a wish: one on a GPU that cannot be used has to do with every GPU. */
function concerns({ runtime, device }: DeviceReport, wish: DeviceWish): boolean {
  const isRuntime = wish.runtime === 'auto' || wish.runtime === runtime;
  return isRuntime && (matches(device, wish.device) || (device === 'cuda' && wish.device.startsWith('cuda')));
}

function matches(device: string, wish: string): boolean {
  return wish === 'auto' || device === wish || (wish === 'cuda' && device.startsWith('cuda'));
}
