import type { Graph } from '../../graph.js';
import { bindImage } from '../bind.js';
import { cancelTransposes } from '../cancel-transposes.js';
import { upgradeOpset } from '../upgrade-opset.js';
import { adaptInput } from './adapt-input.js';
import { selectClasses, toLogits } from './adapt-output.js';
import type { ModelOptions } from './model-options.js';
import { settleBatch } from './settle-batch.js';

/**
 * Turns a published classifier into the one form in which models are attacked: images [N,C,H,W] in [0, 1] → logits
 * [N, classes] of the data set's classes. What the options say becomes part of the graph. A model that takes one image
 * at a time, and cannot be made to take more, has N = 1.
 * @param image size [C,H,W] of the images that it will be given, for what the model leaves open of it
 * @returns the graph itself where it has that form already
 * @throws {ModelError} when the options do not fit the model.
 */
export function adaptModel(graph: Graph, options: ModelOptions = {}, image: readonly number[] = []): Graph {
  const { outputs, classes } = options;
  const taking = adaptInput(graph, options);
  const sized = bindImage(taking, image);
  const logits = toLogits(settleBatch(sized), outputs);
  const chosen = classes === undefined ? logits : selectClasses(logits, classes);
  if (chosen === sized && taking === graph) return sized;
  // A model whose images were [N,H,W,C] has no use for its own transpositions any more.
  return cancelTransposes(upgradeOpset(chosen));
}
