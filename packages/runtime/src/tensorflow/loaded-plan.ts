import type { Tensors } from '@unpair/graph';
import type { LoadedGraph } from '../graph-executable.js';
import { runFailure } from '../run-failure.js';
import type { Device } from './device.js';
import type { Plan } from './plan.js';

/** A plan on its device; releasing it disposes of its constants. */
export function loadedPlan(graphName: string, device: Device, plan: Plan): LoadedGraph {
  return {
    async run(feeds: Tensors): Promise<Tensors> {
      await device.acquire();
      try {
        return plan.run(feeds);
      } catch (error) {
        throw runFailure(graphName, error);
      }
    },
    release() {
      plan.dispose();
      return Promise.resolve();
    },
  };
}
