import { join } from 'node:path';
import { createRuntime } from '../create-runtime.js';
import type { DeviceReport } from './device-report.js';
import type { Gpu } from './gpus.js';
import type { Host } from './host.js';
import { gibibytes } from './size.js';

/** The package whose native library computes on GPUs. */
const GPU_PACKAGE = '@tensorflow/tfjs-node-gpu';
/** What its library is called where it was put by an install script, or by scripts/build-tfjs-binding. */
const LIBRARY = join('deps', 'lib', 'libtensorflow.so.2');

/** The GPU that TensorFlow can use: the first that it sees. */
export async function tensorflowCuda(
  host: Host,
  gpus: readonly Gpu[] | undefined,
): Promise<readonly DeviceReport[]> {
  return [await cudaDevice(host, gpus)];
}

/** TensorFlow on the CPU: natively where its library is installed. Nothing is loaded for the asking. */
export function tensorflowCpu(host: Host): DeviceReport {
  const native = host.packageFolder('@tensorflow/tfjs-node') !== undefined;
  const wasm = host.packageFolder('@tensorflow/tfjs-backend-wasm') !== undefined;
  const detail = native
    ? 'natively'
    : wasm
      ? 'in WebAssembly, on one core'
      : 'TensorFlow.js is not installed';
  return { runtime: 'tensorflow', device: 'cpu', usable: native || wasm, detail };
}

async function cudaDevice(host: Host, gpus: readonly Gpu[] | undefined): Promise<DeviceReport> {
  const unusable = { runtime: 'tensorflow', device: 'cuda', usable: false } as const;
  const folder = host.packageFolder(GPU_PACKAGE);
  if (folder === undefined)
    return { ...unusable, detail: `${GPU_PACKAGE} is not installed (see docs/gpus.md)` };
  if (!host.exists(join(folder, LIBRARY))) {
    return { ...unusable, detail: `${GPU_PACKAGE} lacks its native library (see docs/gpus.md)` };
  }
  const backend = 'tensorflow' as const;
  const device = await createRuntime('tensorflow', { backend }).then(
    (runtime) => runtime.device,
    () => undefined,
  );
  if (device === undefined)
    return { ...unusable, detail: `the native library of ${GPU_PACKAGE} does not load` };
  if (device === 'cpu') return { ...unusable, detail: `the native library of ${GPU_PACKAGE} sees no GPU` };
  const [gpu] = gpus ?? [];
  const detail = gpu === undefined ? 'a GPU' : `${gpu.name}, ${gibibytes(gpu.memory)} of memory`;
  return { ...unusable, usable: true, device, detail, ...(gpu && { memory: gpu.free }) };
}
