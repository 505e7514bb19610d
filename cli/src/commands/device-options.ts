import type { Command } from 'commander';
import { UnpairError } from '@unpair/errors';
import type { DeviceRequest } from '@unpair/runtime';
import { DEVICE_NAMES, RUNTIME_NAMES, isDeviceName } from '@unpair/runtime';

/** Options of commands that compute on this machine. */
export interface DeviceOptions {
  readonly runtime?: string;
  readonly device?: string;
}

/** Adds `--runtime` and `--device`. */
export function addDeviceOptions(command: Command): Command {
  const names = RUNTIME_NAMES.join(', ');
  return command
    .option('--runtime <name>', `what executes models: ${names} (default: UNPAIR_RUNTIME, or auto)`)
    .option('--device <name>', `device to use: ${DEVICE_NAMES} (default: UNPAIR_DEVICE, or auto)`);
}

/**
 * The runtime and device that options and environment ask for; options go first.
 * @throws {UnpairError} one sentence naming the option or variable, its value and what is allowed
 */
export function requestedDevice(
  options: DeviceOptions,
  environment: Readonly<Record<string, string | undefined>>,
): DeviceRequest {
  const given = (name: keyof DeviceOptions): { readonly source: string; readonly value: string } => {
    const variable = `UNPAIR_${name.toUpperCase()}`;
    const value = options[name];
    if (value !== undefined) return { source: `--${name}`, value };
    return { source: variable, value: environment[variable] ?? '' };
  };
  const [runtime, device] = [given('runtime'), given('device')];
  const name = RUNTIME_NAMES.find((one) => one === (runtime.value || 'auto'));
  if (name === undefined) throw refusal(runtime, `one of ${RUNTIME_NAMES.join(', ')}`);
  if (!isDeviceName(device.value || 'auto')) throw refusal(device, DEVICE_NAMES);
  return { runtime: name, device: device.value || 'auto' };
}

function refusal(
  { source, value }: { readonly source: string; readonly value: string },
  allowed: string,
): UnpairError {
  const sentence = `${source} is "${value}", but must be ${allowed}`;
  return new UnpairError('INVALID_ARGUMENT', sentence, { field: source, value, allowed });
}
