import * as ort from 'onnxruntime-node';
import { join } from 'node:path';
import { checkDevice } from '../onnxruntime/onnxruntime.js';
import type { DeviceReport } from './device-report.js';
import type { Gpu } from './gpus.js';
import type { Host } from './host.js';
import { gibibytes } from './size.js';

/** The CPU, which is always there. */
export function onnxruntimeCpu({ cpu: { cores, memory, model } }: Host): DeviceReport {
  const detail = `${cores} ${cores === 1 ? 'core' : 'cores'} of ${model}, ${gibibytes(memory)} of memory`;
  return { runtime: 'onnxruntime', device: 'cpu', usable: true, detail };
}

const PROVIDER = 'libonnxruntime_providers_cuda.so';

/** The GPUs that onnxruntime's CUDA provider can use, or one report on why it can use none. */
export async function onnxruntimeCuda(
  host: Host,
  gpus: readonly Gpu[] | undefined,
): Promise<readonly DeviceReport[]> {
  const problem = installationProblem(host);
  if (problem !== undefined) return [cudaReport(false, problem)];
  if (gpus?.length === 0) return [cudaReport(false, 'nvidia-smi lists no GPU')];
  const reports = (gpus ?? [undefined]).map(async (gpu) => {
    const index = gpu?.index ?? 0;
    const refusal = await checkDevice(`cuda:${index}`);
    if (refusal !== undefined) return cudaReport(false, await explain(host, refusal));
    const detail =
      gpu === undefined
        ? 'a GPU that nvidia-smi does not describe'
        : `${gpu.name}, ${gibibytes(gpu.memory)} of memory`;
    return { ...cudaReport(true, detail), device: `cuda:${index}`, ...(gpu && { memory: gpu.free }) };
  });
  return Promise.all(reports);
}

/** Why there is no CUDA provider to load; undefined where there is one. */
function installationProblem(host: Host): string | undefined {
  const known = ort.listSupportedBackends().some(({ name }) => name === 'cuda');
  if (!known) return `onnxruntime for ${process.platform} on ${process.arch} has no CUDA provider`;
  return host.exists(providerPath(host)) ? undefined : `${PROVIDER} is not installed (see docs/gpus.md)`;
}

function providerPath(host: Host): string {
  const folder = host.packageFolder('onnxruntime-node') ?? '';
  return join(folder, 'bin', 'napi-v6', process.platform, process.arch, PROVIDER);
}

/** onnxruntime only says that a library does not load; the loader knows which of those that it needs is missing. */
async function explain(host: Host, refusal: string): Promise<string> {
  const listing = (await host.output('ldd', [providerPath(host)])) ?? '';
  const missing = [...listing.matchAll(/^\s*(\S+) => not found/gm)].map(([, name]) => name);
  return missing.length === 0
    ? refusal
    : `its CUDA provider needs ${missing.join(', ')}, not found by the loader`;
}

function cudaReport(usable: boolean, detail: string): DeviceReport {
  return { runtime: 'onnxruntime', device: 'cuda', usable, detail };
}
