import { expect, test } from 'vitest';

import { decode, distance, run } from './decoded.js';
import { layers as keras, modelFiles, predict, saveLayersModel, tf } from './tensorflow.js';

/** A dense model whose kernel is stored as `bytes` with that quantization. */
async function storedAs(quantization: object, bytes: Uint8Array): Promise<Float32Array> {
  const model = keras.sequential({
    layers: [keras.layers.dense({ units: 2, inputShape: [3], useBias: false })],
  });
  const { json } = await saveLayersModel(model);
  const name = model.weights[0]?.originalName ?? '';
  const weights = [{ name, shape: [3, 2], dtype: 'float32', quantization }];
  const graph = decode(modelFiles(json['modelTopology'] as object, weights, bytes, 5));
  const rows = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  const actual = await run(graph, rows, [3, 3]);
  // TensorFlow.js decodes the same bytes.
  const decoded = tf.io.decodeWeights(
    bytes.slice().buffer,
    weights as unknown as tf.io.WeightsManifestEntry[],
  );
  model.setWeights(Object.values(decoded));
  expect(distance(actual, predict(model, rows, [3, 3]))).toBeLessThan(1e-6);
  return actual;
}

test('weights of 8 and 16 bits are read as TensorFlow.js reads them, over shards of any size', async () => {
  const bytes = Uint8Array.of(0, 1, 127, 128, 254, 255);
  const eight = await storedAs({ dtype: 'uint8', scale: 0.01, min: -1.2, original_dtype: 'float32' }, bytes);
  expect([...eight]).toEqual([...bytes].map((q) => expect.closeTo(q * 0.01 - 1.2, 6) as number));
  const words = Uint16Array.of(0, 1, 40_000, 65_535, 300, 256);
  const sixteen = await storedAs(
    { dtype: 'uint16', scale: 0.001, min: -30, original_dtype: 'float32' },
    new Uint8Array(words.buffer),
  );
  expect([...sixteen]).toEqual([...words].map((q) => expect.closeTo(q * 0.001 - 30, 5) as number));
});

test('half floats are read, subnormal ones too', async () => {
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0x8000);
  const values = await storedAs(
    { dtype: 'float16', original_dtype: 'float32' },
    new Uint8Array(halves.buffer),
  );
  const expected = [1, -2, 2 ** -24, 1023 * 2 ** -24, 65504, 0];
  expect([...values]).toEqual(expected.map((value) => expect.closeTo(value, 9) as number));
});
