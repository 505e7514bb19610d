import type { Graph } from '@unpair/graph';
import { cancelTransposes } from '@unpair/graph';

import { Importer } from './importer.js';
import { readTfliteModel } from './model-file.js';

/**
 * Reads a TensorFlow Lite (LiteRT) model. The graph computes what the file computes, on real numbers:
 *
 * - It keeps the file's layout at its ends (images are [N,H,W,C]) and leaves the batch open as `N`, whatever batch the
 *   file was made for.
 * - Inputs and outputs are float32. A quantized input takes the real value scale·(q − zero point) of each integer q, and a
 *   quantized output gives it; what is fed between two such values is rounded as the file's own input would be.
 * - 8-bit values are surrounded by QuantizeLinear and DequantizeLinear, with one scale or one for each channel, so that
 *   integer kernels may run it, and gradients pass straight through. Weights of float16 become float32, which is exact;
 *   8-bit weights with float activations are multiplied as real numbers, where some of TFLite's kernels round the
 *   activations to 8 bits for each batch.
 *
 * @throws {ModelError} one sentence: what is damaged or not supported, by its name in the file.
 */
export function decodeTflite(bytes: Uint8Array): Graph {
  return cancelTransposes(new Importer(readTfliteModel(bytes)).run());
}
