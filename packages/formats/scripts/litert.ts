import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';

/** Integers and floats as LiteRT numbers its element types. */
const ELEMENT_TYPES = [
  { code: 1, array: Float32Array },
  { code: 3, array: Uint8Array },
  { code: 9, array: Int8Array },
] as const;

export type Numbers = Float32Array | Uint8Array | Int8Array;

/** What is used of LiteRT's compiled module; its JavaScript interface refuses int8. */
interface LiteRtModule {
  readonly HEAPU8: Uint8Array;
  readonly LiteRtTensorBufferType: { readonly HOST_MEMORY: unknown };
  readonly LiteRtTensorBufferLockMode: { readonly READ: unknown; readonly WRITE: unknown };
  readonly LiteRtTensorBuffer: {
    createManaged(environment: unknown, type: unknown, ranked: RankedType, bytes: number): TensorBuffer;
  };
  _malloc(bytes: number): number;
  loadModel(environment: unknown, pointer: number, bytes: number): LoadedModel;
  compileModel(environment: unknown, model: LoadedModel, options: object): Promise<CompiledModel>;
}

interface RankedType {
  bytes(): number;
  elementType(): { readonly value: number };
}
interface TensorBuffer {
  lock(mode: unknown): number;
  unlock(): void;
  tensorType(): RankedType;
}
interface LoadedModel {
  getInputTensorType(signature: number, index: number): RankedType;
}
interface CompiledModel {
  run(signature: number, inputs: readonly TensorBuffer[]): Promise<readonly TensorBuffer[]>;
}
interface Environment {
  readonly liteRtEnvironment: unknown;
}
interface LiteRt {
  readonly liteRtWasm: LiteRtModule;
  getDefaultEnvironment(): Environment;
}

/** Runs a file on the inputs, in their own element types, and gives its outputs in theirs. */
export type Interpreter = (file: Uint8Array, inputs: readonly Numbers[]) => Promise<readonly Numbers[]>;

/**
 * Google's own interpreter of TFLite files, compiled to WebAssembly, which is made for browsers.
 * @param folder where the npm package `@litertjs/core` is installed
 */
export async function openLiteRt(folder: string): Promise<Interpreter> {
  const script = join(folder, 'node_modules/@litertjs/core/wasm/litert_wasm_compat_internal.js');
  const load = (path: string): void => {
    runInThisContext(`${readFileSync(path, 'utf8')};globalThis.ModuleFactory = ModuleFactory;`);
  };
  const globals = {
    self: globalThis,
    require: createRequire(script),
    __dirname: dirname(script),
    __filename: script,
  };
  Object.assign(globalThis, globals, { importScripts: load });
  const url = pathToFileURL(join(folder, 'node_modules/@litertjs/core/dist/index.js')).href;
  const { loadLiteRt } = (await import(url)) as { loadLiteRt: (path: string) => Promise<LiteRt> };
  const liteRt = await loadLiteRt(script);
  return (file, inputs) => interpret(liteRt, file, inputs);
}

async function interpret(
  liteRt: LiteRt,
  file: Uint8Array,
  inputs: readonly Numbers[],
): Promise<readonly Numbers[]> {
  const wasm = liteRt.liteRtWasm;
  const environment = liteRt.getDefaultEnvironment();
  const pointer = wasm._malloc(file.length);
  wasm.HEAPU8.set(file, pointer);
  const model = wasm.loadModel(environment.liteRtEnvironment, pointer, file.length);
  const options = {
    environment,
    accelerator: 'wasm',
    cpuOptions: { numThreads: 1 },
    gpuOptions: {},
    webNNOptions: {},
  };
  const compiled = await wasm.compileModel(environment.liteRtEnvironment, model, options);
  const { HOST_MEMORY } = wasm.LiteRtTensorBufferType;
  const buffers = inputs.map((input, i) => {
    const type = model.getInputTensorType(0, i);
    if (type.bytes() !== input.byteLength) throw new RangeError(`input ${i} needs ${type.bytes()} bytes`);
    const buffer = wasm.LiteRtTensorBuffer.createManaged(
      environment.liteRtEnvironment,
      HOST_MEMORY,
      type,
      type.bytes(),
    );
    const at = buffer.lock(wasm.LiteRtTensorBufferLockMode.WRITE);
    wasm.HEAPU8.set(new Uint8Array(input.buffer, input.byteOffset, input.byteLength), at);
    buffer.unlock();
    return buffer;
  });
  const outputs = await compiled.run(0, buffers);
  return outputs.map((output) => numbersOf(wasm, output));
}

function numbersOf(wasm: LiteRtModule, output: TensorBuffer): Numbers {
  const type = output.tensorType();
  const code = type.elementType().value;
  const known = ELEMENT_TYPES.find((candidate) => candidate.code === code);
  if (known === undefined) throw new RangeError(`an output has LiteRT's element type ${code}`);
  const at = output.lock(wasm.LiteRtTensorBufferLockMode.READ);
  const bytes = wasm.HEAPU8.slice(at, at + type.bytes());
  output.unlock();
  return new known.array(bytes.buffer);
}
