import { createHash } from 'node:crypto';
import { dirname } from 'node:path';

import { UnpairError } from '@unpair/errors';
import type { ModelFormat } from '@unpair/formats';
import { decodeTensorflowJs, decodeTflite, formatOf, shardPaths } from '@unpair/formats';
import type { Graph, ModelOptions } from '@unpair/graph';
import { ModelError, adaptModel, decodeOnnxFile, encodeModel, inferShapes } from '@unpair/graph';

import { readInputFile } from '../input-file.js';
import { ExternalDataReader, pathBeside } from './external-data.js';

/** A published model, and the form in which it is attacked. */
export interface ModelFile {
  readonly path: string;
  readonly format: ModelFormat;
  /** SHA-256 of the file; for TensorFlow.js of model.json and its shards, in their order. */
  readonly digest: string;
  /** Images [N,C,H,W] in [0,1] → logits, as far as the file and the options allow. */
  readonly graph: Graph;
  /** The same as an ONNX file, which is the artefact: the file itself where it is that already. */
  readonly bytes: Uint8Array;
  /** ONNX operator set for which the file was written; of other formats, the one that its graph has. */
  readonly opset: number;
}

/** What a format's files hold. */
interface Published {
  readonly format: ModelFormat;
  /** The file, and what belongs to it. */
  readonly files: readonly Uint8Array[];
  readonly graph: Graph;
  /** Whether the file is an ONNX file that needs no other. */
  readonly isWhole: boolean;
  /** Operator set of an ONNX file. */
  readonly opset?: number;
}

/**
 * Reads a model file of any format and puts into it what the options say.
 * @param image size [C,H,W] of the images that it will be given, for models that leave it open
 * @throws {UnpairError} one sentence naming the file.
 */
export async function readModel(
  path: string,
  options: ModelOptions = {},
  image: readonly number[] = [],
): Promise<ModelFile> {
  const bytes = await readBytes(path);
  try {
    const { format, files, graph: published, isWhole, opset = published.opset } = await decode(path, bytes);
    const graph = adaptModel(published, options, image);
    // Whatever is done with a model needs its shapes: what stands in their way is said here, where the file is known.
    inferShapes(graph);
    const artefact = isWhole && graph === published ? bytes : encodeModel(graph);
    return { path, format, digest: digestOf(files), graph, bytes: artefact, opset };
  } catch (cause) {
    if (!(cause instanceof ModelError)) throw cause;
    throw new UnpairError('INVALID_ARGUMENT', `${path} cannot be used: ${cause.message}`, { cause });
  }
}

async function decode(path: string, bytes: Uint8Array): Promise<Published> {
  const format = formatOf(bytes);
  switch (format) {
    case 'onnx': {
      const external = new ExternalDataReader(path);
      const decoded = decodeOnnxFile(bytes, { external: external.read });
      return { format, files: [bytes], ...decoded, isWhole: !external.wasUsed };
    }
    case 'tflite':
      return { format, files: [bytes], graph: decodeTflite(bytes), isWhole: false };
    case 'tensorflowjs': {
      const shards = await readShards(path, shardPaths(bytes));
      const graph = decodeTensorflowJs(bytes, (name) => shards.get(name) ?? new Uint8Array());
      return { format, files: [bytes, ...shards.values()], graph, isWhole: false };
    }
  }
}

/** Reads the files that model.json names, which lie in its folder. */
async function readShards(path: string, names: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
  const shards = new Map<string, Uint8Array>();
  for (const name of names) {
    shards.set(name, await readBytes(pathBeside(dirname(path), name)));
  }
  return shards;
}

function digestOf(files: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file);
  return hash.digest('hex');
}

async function readBytes(path: string): Promise<Uint8Array> {
  const file = await readInputFile(path, 'model file');
  // As a plain array: a part that a Buffer's slice gives is no copy.
  return new Uint8Array(file.buffer, file.byteOffset, file.length);
}
