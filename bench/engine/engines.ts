import { createOnnxRuntime, createRuntime } from '@unpair/runtime';
import type { Engine } from './row.js';
import { runtimeEngine } from './runtime-rows.js';
import { stockTensorflow } from './tensorflow-rows.js';
import { findTorch } from './torch-rows.js';

/** Everything that is measured where it is installed. A runtime of ours takes one line: `runtimeEngine(create())`. */
export async function findEngines(): Promise<readonly Engine[]> {
  const torch = await findTorch();
  return [
    runtimeEngine(createOnnxRuntime()),
    runtimeEngine(await createRuntime('tensorflow', { backend: 'wasm' })),
    await stockTensorflow(),
    ...(torch === undefined ? [] : [torch]),
  ];
}
