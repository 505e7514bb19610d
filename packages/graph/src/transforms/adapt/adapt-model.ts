import type { Graph } from '../../graph.js';
import { cancelTransposes } from '../cancel-transposes.js';
import { upgradeOpset } from '../upgrade-opset.js';
import { adaptInput } from './adapt-input.js';
import { selectClasses, toLogits } from './adapt-output.js';
import type { ModelOptions } from './model-options.js';

/**
 * Turns a published classifier into the one form in which models are attacked: images [N,C,H,W] in [0, 1] → logits
 * [N, classes] of the data set's classes. What the options say becomes part of the graph.
 * @returns the graph itself where it has that form already
 * @throws {ModelError} when the options do not fit the model.
 */
export function adaptModel(graph: Graph, options: ModelOptions = {}): Graph {
  const { outputs, classes } = options;
  const logits = toLogits(adaptInput(graph, options), outputs);
  const chosen = classes === undefined ? logits : selectClasses(logits, classes);
  // A model whose images were [N,H,W,C] has no use for its own transpositions any more.
  return chosen === graph ? graph : cancelTransposes(upgradeOpset(chosen));
}
