import * as ort from 'onnxruntime-node';
import { basename, join } from 'node:path';
import { checkDevice } from '../onnxruntime/onnxruntime.js';
import type { DeviceRequest } from './choose-device.js';
import type { DeviceReport } from './device-report.js';
import type { Host } from './host.js';

const LOADER = 'libvulkan.so.1';
/** Folders in which Vulkan's loader looks for drivers, unless VK_DRIVER_FILES names them. */
const DRIVER_FOLDERS = ['/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/usr/share/vulkan/icd.d'];
/** Drivers that compute on the CPU. */
const SOFTWARE = /swiftshader|lavapipe|llvmpipe|lvp_icd/i;

/** The adapter that onnxruntime's WebGPU provider takes, by way of Vulkan; it is tried only where it was asked for. */
export async function onnxruntimeWebgpu(host: Host, request: DeviceRequest): Promise<DeviceReport> {
  const report = { runtime: 'onnxruntime', device: 'webgpu', usable: false } as const;
  if (!ort.listSupportedBackends().some(({ name }) => name === 'webgpu'))
    return {
      ...report,
      detail: `onnxruntime for ${process.platform} on ${process.arch} has no WebGPU provider`,
    };
  if (request.device !== 'webgpu' || request.runtime === 'tensorflow')
    return { ...report, detail: 'not tried, since it is taken only by name (--device webgpu)' };
  const problem = process.platform === 'linux' ? await vulkanProblem(host) : undefined;
  if (problem !== undefined) return { ...report, detail: problem };
  const adapter = await describeAdapters(host);
  const refusal = await checkDevice('webgpu');
  if (refusal === undefined) return { ...report, usable: true, detail: adapter };
  return { ...report, detail: `${adapter} is refused by onnxruntime: ${sentenceOf(refusal)}` };
}

/** What of Vulkan is missing, where it was looked for and what to install; undefined where there is a driver. */
async function vulkanProblem(host: Host): Promise<string | undefined> {
  const folders = host.environment['LD_LIBRARY_PATH']?.split(':').filter(Boolean) ?? [];
  const listings = [await host.output('ldconfig', ['-p']), await host.output('/sbin/ldconfig', ['-p'])];
  const isLoaded =
    folders.some((folder) => host.exists(join(folder, LOADER))) ||
    listings.some((listing) => listing?.includes(LOADER) === true);
  if (!isLoaded)
    return `${LOADER} is not on the loader's path or LD_LIBRARY_PATH; install libvulkan1 (see docs/gpus.md)`;
  const drivers = driverFiles(host);
  if (drivers.some((file) => host.exists(file))) return undefined;
  const places = drivers.length > 0 ? drivers : DRIVER_FOLDERS;
  return `no Vulkan driver is described in ${places.join(', ')}; install the GPU's (see docs/gpus.md)`;
}

/** Descriptions of the drivers that Vulkan's loader reads. */
function driverFiles(host: Host): readonly string[] {
  const named = host.environment['VK_DRIVER_FILES'] ?? host.environment['VK_ICD_FILENAMES'];
  if (named !== undefined) return named.split(':').filter(Boolean);
  return DRIVER_FOLDERS.flatMap((folder) =>
    host
      .list(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(folder, name)),
  );
}

/** Names of the adapters that vulkaninfo lists, or of the drivers where there is no vulkaninfo; without commas. */
async function describeAdapters(host: Host): Promise<string> {
  const summary = (await host.output('vulkaninfo', ['--summary'])) ?? '';
  const adapters = [...summary.matchAll(/^\s*deviceName\s*=\s*(.+)$/gm)].map(([, name = '']) => name.trim());
  const names = adapters.length > 0 ? adapters : driverFiles(host).map((file) => basename(file, '.json'));
  const name = names.join(' or ').replaceAll(',', '');
  const kind = names.every((one) => SOFTWARE.test(one)) ? ', which computes on the CPU' : '';
  return `${adapters.length > 0 ? '' : 'Vulkan driver '}${name}${kind}`;
}

/** The last sentence of an error of native code, without its source file. */
const sentenceOf = (refusal: string): string =>
  refusal
    .trim()
    .split(/ was false\. /)
    .at(-1) ?? refusal;
