import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';

/** A model as its files: what model.json holds, and the shards by path. */
export interface SavedModel {
  readonly json: Readonly<Record<string, unknown>>;
  readonly shards: ReadonlyMap<string, Uint8Array>;
}

/** Saves a layers model through TensorFlow.js' own io, cut into shards of `shardBytes`. */
export async function saveLayersModel(model: layers.LayersModel, shardBytes = 1 << 20): Promise<SavedModel> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler((saved) => {
      artifacts = saved;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    }),
  );
  if (artifacts?.weightData === undefined) throw new Error('TensorFlow.js saved no weights');
  const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData));
  return modelFiles(artifacts.modelTopology ?? {}, artifacts.weightSpecs ?? [], bytes, shardBytes);
}

/** Lays a model out as the converter does: model.json, and its weights in shards. */
export function modelFiles(
  modelTopology: object,
  weights: readonly object[],
  bytes: Uint8Array,
  shardBytes = 1 << 20,
): SavedModel {
  const count = Math.max(1, Math.ceil(bytes.length / shardBytes));
  const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  const shards = new Map(paths.map((path, i) => [path, bytes.slice(i * shardBytes, (i + 1) * shardBytes)]));
  const json = { format: 'layers-model', modelTopology, weightsManifest: [{ paths, weights }] };
  // As it would be read from a file.
  return { json: JSON.parse(JSON.stringify(json)) as Record<string, unknown>, shards };
}

/** What TensorFlow.js gives for one input. */
export function predict(
  model: { predict(input: tf.Tensor): tf.Tensor | tf.Tensor[] | tf.NamedTensorMap },
  data: Float32Array,
  shape: readonly number[],
): Float32Array {
  return tf.tidy(() => {
    const result = model.predict(tf.tensor(data, [...shape]));
    if (!(result instanceof tf.Tensor)) throw new Error('the model has several outputs');
    return result.dataSync<'float32'>();
  });
}

export { layers, loadGraphModel, tf };
