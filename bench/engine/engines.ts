import { createOnnxRuntime } from '@unpair/runtime';
import { runtimeEngine } from './runtime-rows.js';
import type { Engine } from './row.js';
import { findTorch } from './torch-rows.js';

/** Everything that is measured where it is installed. A runtime of ours takes one line: `runtimeEngine(create())`. */
export async function findEngines(): Promise<readonly Engine[]> {
  const torch = await findTorch();
  return [runtimeEngine(createOnnxRuntime()), ...(torch === undefined ? [] : [torch])];
}
