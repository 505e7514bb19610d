import type { Graph } from '@unpair/graph';
import { ModelError, dropIdentities, foldConstants, pruneDeadNodes } from '@unpair/graph';

import { decodeGraphModel } from './graph/model.js';
import { Json } from './json.js';
import { decodeLayersModel } from './layers/model.js';
import type { ReadShard } from './weights.js';
import { readWeights } from './weights.js';

/**
 * Decodes a TensorFlow.js model, layers or graph, into an ONNX graph that takes what the file's model takes: images
 * [N,H,W,C], as a rule. Convolutions are over [N,C,H,W] inside, with transposes where the two meet.
 *
 * @param model model.json: its bytes, or what is parsed from them
 * @param readShard gives the bytes of a shard by the path that `weightsManifest` names; what it throws passes
 * @throws {ModelError} one sentence naming the layer, node, weight or field that is wrong. Any content ends in a graph or
 *   in this.
 */
export function decodeTensorflowJs(model: unknown, readShard: ReadShard): Graph {
  const json = new Json(model instanceof Uint8Array ? parse(model) : model, 'model');
  const topology = json.get('modelTopology');
  if (!topology.present) throw topology.unless('the model, layers or graph');
  const manifest = json.get('weightsManifest');
  const weights = readWeights(manifest, readShard);
  const graph = topology.get('node').present
    ? decodeGraphModel(json, weights)
    : decodeLayersModel(topology, weights);
  return dropIdentities(foldConstants(pruneDeadNodes(graph)));
}

/** Paths of all shards that model.json names, in their order. @throws {ModelError} as {@link decodeTensorflowJs}. */
export function shardPaths(model: Uint8Array): readonly string[] {
  const groups = new Json(parse(model), 'model').get('weightsManifest').list();
  return groups.flatMap((group) =>
    group
      .get('paths')
      .list()
      .map((path) => path.string()),
  );
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ModelError(`the model file is not JSON: ${reason}`, { cause });
  }
}
