import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A TensorFlow.js model of 2×2 pixels with three classes, the first of them nothing that the data has. */
export async function tensorflowJsModel(folder: string): Promise<string> {
  const layer = (class_name: string, config: object): object => ({ class_name, config });
  const layers = [
    layer('Flatten', { name: 'flat', batch_input_shape: [null, 2, 2, 1] }),
    layer('Dense', { name: 'dense', units: 3, activation: 'softmax', use_bias: false }),
  ];
  const modelTopology = { class_name: 'Sequential', config: { name: 'tiny', layers } };
  const weights = [{ name: 'dense/kernel', shape: [4, 3], dtype: 'float32' }];
  const weightsManifest = [{ paths: ['shard.bin'], weights }];
  const path = join(folder, 'model.json');
  await writeFile(path, JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }));
  // Class 1 where the first pixel outweighs the second, of 0 to 255, behind a class that always wins.
  const kernel = Float32Array.of(9, 0, 0.01, 9, 0.01, 0, 0, 0, 0, 0, 0, 0);
  await writeFile(join(folder, 'shard.bin'), new Uint8Array(kernel.buffer));
  return path;
}
