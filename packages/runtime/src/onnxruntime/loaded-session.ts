import type { Tensors } from '@unpair/graph';
import type { InferenceSession } from 'onnxruntime-node';
import type { LoadedGraph } from '../graph-executable.js';
import { runFailure } from '../run-failure.js';
import { fromOrt, toOrt } from './tensors.js';

/** One onnxruntime session. Feeds are read when the run starts, one turn of the event loop from the call. */
export function loadedSession(graphName: string, session: InferenceSession): LoadedGraph {
  return {
    async run(feeds: Tensors): Promise<Tensors> {
      const entries = Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)] as const);
      try {
        const results = await session.run(Object.fromEntries(entries));
        return Object.fromEntries(
          Object.entries(results).map(([name, value]) => [name, fromOrt(name, value)]),
        );
      } catch (error) {
        throw runFailure(graphName, error);
      }
    },
    release: () => session.release(),
  };
}
