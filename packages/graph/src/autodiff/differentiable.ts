import type { Graph } from '../graph.js';
import { ModelError } from '../graph.js';
import { gradient } from './gradient.js';
import { straightThrough } from './straight-through.js';

/** Whether input gradients of a model exist, and if not, why: one sentence for the user. */
export type Differentiability = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Tries to differentiate every float output of a model with respect to its float inputs. */
export function isDifferentiable(graph: Graph): Differentiability {
  const inputs = graph.inputs.filter(({ dataType }) => dataType === 'float32').map(({ name }) => name);
  const outputs = graph.outputs.filter(({ dataType }) => dataType === 'float32');
  if (inputs.length === 0) return { ok: false, reason: `model "${graph.name}" has no float32 input` };
  if (outputs.length === 0) return { ok: false, reason: `model "${graph.name}" has no float32 output` };
  try {
    const through = straightThrough(graph);
    for (const { name } of outputs) gradient(graph, { of: name, wrt: inputs, through });
    return { ok: true };
  } catch (error) {
    if (error instanceof ModelError) return { ok: false, reason: error.message };
    throw error;
  }
}
