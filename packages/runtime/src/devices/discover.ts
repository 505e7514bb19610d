import type { DeviceRequest } from './choose-device.js';
import type { DeviceReport } from './device-report.js';
import { listGpus } from './gpus.js';
import type { Host } from './host.js';
import { thisHost } from './host.js';
import { onnxruntimeCuda, onnxruntimeCpu } from './onnxruntime-devices.js';
import { onnxruntimeWebgpu } from './webgpu-device.js';
import { tensorflowCpu, tensorflowCuda } from './tensorflow-devices.js';

const ANYTHING: DeviceRequest = { runtime: 'auto', device: 'auto' };

/**
 * Finds out what this process can execute graphs on: what is missing, and where it says how to get it, is in each report.
 * In the order of preference: GPUs before CPUs, onnxruntime before TensorFlow.js; WebGPU is tried where it is asked for. A GPU is tried by using it, which
 * takes some of its memory for as long as the process lives; so what the request leaves out is not tried, and TensorFlow,
 * which takes all, only where onnxruntime has no GPU.
 */
export async function discoverDevices(
  request: DeviceRequest = ANYTHING,
  host: Host = thisHost(),
): Promise<readonly DeviceReport[]> {
  const gpus = await listGpus(host);
  const viaOnnx = untried(request, 'onnxruntime') ?? (await onnxruntimeCuda(host, gpus));
  const taken = viaOnnx.some(({ usable }) => usable) ? 'not tried, since onnxruntime has the GPU' : undefined;
  const viaTensorflow = untried(request, 'tensorflow', taken) ?? (await tensorflowCuda(host, gpus));
  const webgpu = await onnxruntimeWebgpu(host, request);
  return [...viaOnnx, ...viaTensorflow, webgpu, onnxruntimeCpu(host), tensorflowCpu(host)];
}

/** The report on a GPU that there is no need to try; undefined where it has to be tried. */
function untried(
  request: DeviceRequest,
  runtime: DeviceReport['runtime'],
  other?: string,
): readonly DeviceReport[] | undefined {
  const isAsked =
    !['cpu', 'webgpu'].includes(request.device) &&
    (request.runtime === 'auto' || request.runtime === runtime);
  const detail = isAsked ? other : `not tried, since ${nameOf(request)} was asked for`;
  return detail === undefined ? undefined : [{ runtime, device: 'cuda', usable: false, detail }];
}

const nameOf = ({ runtime, device }: DeviceRequest): string =>
  device === 'cpu' ? 'the CPU' : device === 'webgpu' ? device : runtime;
