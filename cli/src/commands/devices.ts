import type { Command } from 'commander';
import { chooseDevice, discoverDevices } from '@unpair/runtime';

import type { CommandContext } from '../context.js';
import { renderTable } from '../terminal/table.js';
import type { DeviceOptions } from './device-options.js';
import { addDeviceOptions, requestedDevice } from './device-options.js';

interface DevicesOptions extends DeviceOptions {
  readonly json?: true;
}

/** `unpair devices`. */
export function addDevicesCommand(program: Command, context: CommandContext): void {
  addDeviceOptions(
    program
      .command('devices')
      .description('show what models can run on here, which of it a worker would take, and why not the rest'),
  )
    .option('--json', 'print JSON')
    .action((options: DevicesOptions) => runDevices(options, context));
}

async function runDevices(options: DevicesOptions, { terminal, environment }: CommandContext): Promise<void> {
  const request = requestedDevice(options, environment);
  const devices = await discoverDevices(request);
  if (options.json) {
    terminal.print(JSON.stringify(devices, null, 2));
    return;
  }
  const rows = devices.map(({ device, runtime, usable, detail }) => [
    device,
    runtime,
    usable ? 'yes' : 'no',
    detail,
  ]);
  terminal.print(renderTable(['device', 'runtime', 'usable', ''], rows));
  const chosen = chooseDevice(devices, request);
  terminal.print(`\na worker here computes on ${chosen.device} with ${chosen.runtime}`);
}
