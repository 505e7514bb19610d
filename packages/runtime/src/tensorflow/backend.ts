import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UnpairError } from '@unpair/errors';
import type * as tfjs from '@tensorflow/tfjs-core';
import type { TensorflowBackend } from './device.js';
import { Device } from './device.js';
import { registerWasmKernels } from './wasm-kernels.js';

/** A backend that is ready, and how messages and reports call it. */
export interface Backend {
  readonly device: Device;
  /** `4.22.0+wasm`: the version of TensorFlow.js and what executes its kernels. */
  readonly version: string;
  /** `cpu`, `cuda:0`. */
  readonly place: string;
}

/** The bindings of TensorFlow's native library, the one for GPUs first. Both download it when they are installed. */
const NATIVE_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/**
 * Readies a backend of TensorFlow.js; without a name, the fastest one that is installed.
 * @throws {UnpairError} when the one asked for is not installed
 */
export async function openBackend(name?: TensorflowBackend): Promise<Backend> {
  switch (name) {
    case 'tensorflow':
      return (await openNative()) ?? refuse();
    case 'wasm':
      return openWasm();
    case 'cpu':
      return openCpu();
    case undefined:
      return (await openNative()) ?? (await openWasm());
  }
}

function refuse(): never {
  throw new UnpairError(
    'FAILED_PRECONDITION',
    `the backend "tensorflow" needs one of the packages ${NATIVE_PACKAGES.join(' and ')}, with the native library that they download`,
  );
}

async function openNative(): Promise<Backend | undefined> {
  for (const name of NATIVE_PACKAGES) {
    try {
      await import(name);
    } catch {
      // Not installed, or without its native library (it is downloaded by an install script).
      continue;
    }
    const tf = await import('@tensorflow/tfjs-core');
    if (!(await tf.setBackend('tensorflow'))) continue;
    return backendOf(tf, 'tensorflow', name.endsWith('gpu') && usesGpu(tf) ? 'cuda:0' : 'cpu');
  }
  return undefined;
}

/** Whether the native library found a GPU that it can use. */
function usesGpu(tf: typeof tfjs): boolean {
  const { isUsingGpuDevice } = tf.backend() as { readonly isUsingGpuDevice?: boolean };
  return isUsingGpuDevice === true;
}

let wasm: Promise<typeof tfjs> | undefined;

async function openWasm(): Promise<Backend> {
  wasm ??= prepareWasm();
  const tf = await wasm;
  if (!(await withoutNewListeners(() => tf.setBackend('wasm')))) {
    throw new UnpairError('FAILED_PRECONDITION', 'the WebAssembly backend of TensorFlow.js does not start');
  }
  return backendOf(tf, 'wasm', 'cpu');
}

/** Once in a process: says where the binaries are, which come with the package, and adds kernels. */
async function prepareWasm(): Promise<typeof tfjs> {
  const tf = await import('@tensorflow/tfjs-core');
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(join(dirname(entry), '/'));
  registerWasmKernels(tf);
  return tf;
}

/** What the process listens to is its main's business: WebAssembly modules add handlers that rethrow what comes. */
async function withoutNewListeners<T>(start: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'];
  const before = events.map((event) => new Set(process.listeners(event as 'exit')));
  try {
    return await start();
  } finally {
    events.forEach((event, i) => {
      for (const listener of process.listeners(event as 'exit')) {
        if (before[i]?.has(listener) !== true) process.removeListener(event, listener);
      }
    });
  }
}

async function openCpu(): Promise<Backend> {
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
  return backendOf(tf, 'cpu', 'cpu');
}

function backendOf(tf: typeof tfjs, name: TensorflowBackend, place: string): Backend {
  return { device: new Device(tf, name), version: `${tf.version_core}+${name}`, place };
}
