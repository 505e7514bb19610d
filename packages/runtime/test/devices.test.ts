import { UnpairError } from '@unpair/errors';
import { describe, expect, test } from 'vitest';
import type { DeviceReport } from '../src/index.js';
import { chooseDevice, describeDevice, discoverDevices, isDeviceName, openRuntime } from '../src/index.js';
import type { Host } from '../src/devices/host.js';

/** A machine with four cores and the packages and programs given; without any, as a plain install leaves it. */
function host({ packages = [], files = [], programs = {}, environment = {} }: Partial<Machine> = {}): Host {
  return {
    cpu: { model: 'Test CPU', cores: 4, memory: 8 * 2 ** 30 },
    output: (program) => Promise.resolve(programs[program]),
    environment,
    list: () => [],
    exists: (path) => files.some((file) => path.endsWith(file)),
    packageFolder: (name) =>
      ['onnxruntime-node', '@tensorflow/tfjs-backend-wasm', ...packages].includes(name)
        ? `/${name}`
        : undefined,
  };
}

interface Machine {
  readonly packages: readonly string[];
  readonly files: readonly string[];
  /** Output of the programs that there are. */
  readonly programs: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}

const isLinuxX64 = process.platform === 'linux' && process.arch === 'x64';
const lines = async (machine: Host): Promise<readonly string[]> =>
  (await discoverDevices(undefined, machine)).map(describeDevice);

describe.skipIf(!isLinuxX64)('what a machine can compute on', () => {
  test('after a plain install: the CPU, and a reason for everything else', async () => {
    expect(await lines(host())).toEqual([
      'cuda via onnxruntime: no, libonnxruntime_providers_cuda.so is not installed (see docs/gpus.md)',
      'cuda via tensorflow: no, @tensorflow/tfjs-node-gpu is not installed (see docs/gpus.md)',
      'webgpu via onnxruntime: no, not tried, since it is taken only by name (--device webgpu)',
      'cpu via onnxruntime: yes, 4 cores of Test CPU, 8.0 GiB of memory',
      'cpu via tensorflow: yes, in WebAssembly, on one core',
    ]);
  });

  test('with a CUDA provider on a machine whose driver lists no GPU', async () => {
    const files = ['libonnxruntime_providers_cuda.so'];
    const [cuda] = await lines(host({ files, programs: { 'nvidia-smi': '' } }));
    expect(cuda).toBe('cuda via onnxruntime: no, nvidia-smi lists no GPU');
  });

  test('with a CUDA provider that lacks libraries: those that the loader misses', async () => {
    const files = ['libonnxruntime_providers_cuda.so'];
    const ldd =
      '\tlibcublasLt.so.12 => not found\n\tlibcudnn.so.9 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x0)\n';
    const smi = '0, NVIDIA A100-SXM4-40GB, 40960, 40000\n';
    const [cuda] = await lines(host({ files, programs: { ldd, 'nvidia-smi': smi } }));
    expect(cuda).toBe(
      'cuda via onnxruntime: no, its CUDA provider needs libcublasLt.so.12, libcudnn.so.9, not found by the loader',
    );
  });

  test('with the TensorFlow binding but without the library that it binds', async () => {
    const [, cuda] = await lines(host({ packages: ['@tensorflow/tfjs-node-gpu'] }));
    expect(cuda).toBe(
      'cuda via tensorflow: no, @tensorflow/tfjs-node-gpu lacks its native library (see docs/gpus.md)',
    );
  });

  test('a request for the CPU tries no GPU', async () => {
    const files = ['libonnxruntime_providers_cuda.so'];
    const reports = await discoverDevices({ runtime: 'auto', device: 'cpu' }, host({ files }));
    expect(reports.slice(0, 2).map(({ detail }) => detail)).toEqual(
      Array(2).fill('not tried, since the CPU was asked for'),
    );
  });
});

describe.skipIf(!isLinuxX64)('WebGPU that was asked for', () => {
  const request = { runtime: 'auto', device: 'webgpu' } as const;
  const ldconfig = '\tlibvulkan.so.1 (libc6,x86-64) => /usr/lib/libvulkan.so.1\n';

  test.each([
    [{}, /^libvulkan\.so\.1 is not on the loader's path or LD_LIBRARY_PATH; install libvulkan1/],
    [
      { programs: { ldconfig } },
      /^no Vulkan driver is described in \/etc\/vulkan\/icd\.d, .*; install the GPU's/,
    ],
    [
      { programs: { ldconfig }, environment: { VK_DRIVER_FILES: '/gone.json' } },
      /^no Vulkan driver is described in \/gone\.json/,
    ],
  ] as const)('is refused for what is missing: %j', async (machine, reason) => {
    const reports = await discoverDevices(request, host(machine));
    const webgpu = reports.find(({ device }) => device === 'webgpu');
    expect(webgpu?.usable).toBe(false);
    expect(webgpu?.detail).toMatch(reason);
    expect(() => chooseDevice(reports, request)).toThrow('device "webgpu" of runtime "auto" cannot be used');
  });
});

describe('a request', () => {
  const report = (runtime: DeviceReport['runtime'], device: string, usable: boolean): DeviceReport => ({
    runtime,
    device,
    usable,
    detail: usable ? 'fine' : 'it is missing',
  });
  const reports = [
    report('onnxruntime', 'cuda:0', true),
    report('onnxruntime', 'cuda:1', true),
    report('tensorflow', 'cuda', false),
    report('onnxruntime', 'cpu', true),
    report('tensorflow', 'cpu', true),
    report('onnxruntime', 'webgpu', true),
  ];

  test('takes WebGPU by name alone', () => {
    expect(chooseDevice(reports, { runtime: 'auto', device: 'webgpu' })).toBe(reports[5]);
    expect(() => chooseDevice(reports.slice(5), { runtime: 'auto', device: 'auto' })).toThrow(
      /cannot be used/,
    );
  });

  test.each([
    ['auto', 'auto', 0],
    ['auto', 'cuda', 0],
    ['onnxruntime', 'cuda:1', 1],
    ['auto', 'cpu', 3],
    ['tensorflow', 'auto', 4],
  ] as const)('%s on %s is met by the first device that fits', (runtime, device, index) => {
    expect(chooseDevice(reports, { runtime, device })).toBe(reports[index]);
  });

  test('that cannot be met says why, for each device that it names', () => {
    expect(() => chooseDevice(reports, { runtime: 'tensorflow', device: 'cuda:0' })).toThrow(
      new UnpairError(
        'FAILED_PRECONDITION',
        'device "cuda:0" of runtime "tensorflow" cannot be used: cuda via tensorflow: no, it is missing',
      ),
    );
    expect(() => chooseDevice(reports, { runtime: 'onnxruntime', device: 'cuda:7' })).toThrow(
      'device "cuda:7" of runtime "onnxruntime" cannot be used: there is no such device',
    );
  });

  test.each(['auto', 'cpu', 'cuda', 'cuda:0', 'cuda:15', 'webgpu'])('%s is a device', (text) => {
    expect(isDeviceName(text)).toBe(true);
  });
  test.each(['', 'gpu', 'cuda:', 'cuda:x', 'CPU', 'cuda:0:1', 'webgpu:0'])('"%s" is none', (text) => {
    expect(isDeviceName(text)).toBe(false);
  });
});

test('a runtime is opened on the device that was asked for', async () => {
  const { runtime, device, devices } = await openRuntime({ runtime: 'tensorflow', device: 'cpu' });
  expect(runtime).toMatchObject({ name: 'tensorflow', device: 'cpu' });
  expect(devices).toContain(device);
});
