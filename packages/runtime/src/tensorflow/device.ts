import type * as tfjs from '@tensorflow/tfjs-core';
import type { Tensor as DeviceTensor, TypedArray } from '@tensorflow/tfjs-core';

/** `tensorflow` is TensorFlow itself, on a GPU or the CPU; `wasm` and `cpu` (plain JavaScript) need no native code. */
export type TensorflowBackend = 'tensorflow' | 'wasm' | 'cpu';

/** Element types of tensors on the device. */
export type DeviceType = 'float32' | 'int32' | 'bool';

export type { DeviceTensor };

/** Attributes of a TensorFlow.js kernel. */
export type KernelAttributes = Readonly<Record<string, unknown>>;

/** Tensors by name; a kernel that takes any number of them has a list. */
type KernelInputs = Readonly<Record<string, DeviceTensor | undefined>> | readonly DeviceTensor[];

/** Whether a backend has a kernel: TensorFlow.js's own types say that it has any. */
export function hasKernel(tf: typeof tfjs, kernel: string, backend: TensorflowBackend): boolean {
  return (tf.getKernel(kernel, backend) as tfjs.KernelConfig | undefined) !== undefined;
}

/**
 * Bytes of tensors beyond which nothing more is computed in WebAssembly. Its heap ends at 4 GiB, and a failed
 * allocation there goes unnoticed; the rest is for one more result, workspace and gaps.
 */
const WASM_BYTES = 2.5 * 2 ** 30;

/** One backend of TensorFlow.js: runs forward kernels by name, without TensorFlow.js's own autodiff. */
export class Device {
  readonly backend: TensorflowBackend;
  readonly #tf: typeof tfjs;

  constructor(tf: typeof tfjs, backend: TensorflowBackend) {
    this.#tf = tf;
    this.backend = backend;
  }

  /** Whether the backend has a kernel; where it has none, rules compose it of others. */
  has(kernel: string): boolean {
    return hasKernel(this.#tf, kernel, this.backend);
  }

  /** Runs a kernel that has one output. */
  run(kernel: string, inputs: KernelInputs, attributes: KernelAttributes = {}): DeviceTensor {
    return this.#run(kernel, inputs, attributes) as DeviceTensor;
  }

  /** Runs a kernel that has several outputs. */
  runMany(kernel: string, inputs: KernelInputs, attributes: KernelAttributes = {}): readonly DeviceTensor[] {
    return this.#run(kernel, inputs, attributes) as readonly DeviceTensor[];
  }

  /** Copies elements to the device. */
  upload(data: TypedArray, shape: readonly number[], type: DeviceType): DeviceTensor {
    return this.#tf.tensor(data, [...shape], type);
  }

  /** The same elements in the same order under another shape, without a copy. */
  reshape(x: DeviceTensor, shape: readonly number[]): DeviceTensor {
    return this.run('Reshape', { x }, { shape: [...shape] });
  }

  /** Lets a tensor live beyond {@link scope}; it must be disposed of. */
  keep(tensor: DeviceTensor): DeviceTensor {
    return this.#tf.keep(tensor);
  }

  /** Runs `compute` and disposes of all tensors that it made and did not {@link keep}. */
  scope<T>(compute: () => T): T {
    this.#assertMemory();
    const engine = this.#tf.engine();
    engine.startScope();
    try {
      return compute();
    } finally {
      engine.endScope();
    }
  }

  /**
   * Makes this device's backend the current one of TensorFlow.js, whose engine is one for the process. Kernels may be
   * run until the caller gives up the thread.
   */
  async acquire(): Promise<void> {
    while (this.#tf.getBackend() !== this.backend) await this.#tf.setBackend(this.backend);
  }

  #assertMemory(): void {
    if (this.backend !== 'wasm') return;
    const { numBytes } = this.#tf.memory();
    if (numBytes > WASM_BYTES) {
      throw new RangeError(
        `out of memory: tensors hold ${numBytes} bytes of the ${WASM_BYTES} that are safe`,
      );
    }
  }

  #run(kernel: string, inputs: KernelInputs, attributes: KernelAttributes): unknown {
    return this.#tf
      .engine()
      .runKernel(
        kernel,
        inputs as unknown as tfjs.NamedTensorMap,
        attributes as unknown as tfjs.NamedAttrMap,
      );
  }
}
