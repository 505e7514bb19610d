import type { Graph, Runtime, Tensors } from '@unpair/graph';
import { createOnnxRuntime } from '@unpair/runtime';

/** Stands before every run: is told its rows, and gives its results or whatever it makes of them. */
type Watch = (rows: number, run: () => Promise<Tensors>) => Promise<Tensors>;

/** The real runtime, and the rows of every run that was tried. */
export function watchedRuntime(watch: Watch): { readonly runtime: Runtime; readonly rows: number[] } {
  const real = createOnnxRuntime();
  const rows: number[] = [];
  const load: Runtime['load'] = async (graph: Graph) => {
    const executable = await real.load(graph);
    return {
      inputs: executable.inputs,
      outputs: executable.outputs,
      close: () => executable.close(),
      run: (feeds) => {
        const count = Object.values(feeds)[0]?.shape[0] ?? 0;
        rows.push(count);
        return watch(count, () => executable.run(feeds));
      },
    };
  };
  return { runtime: { ...real, load }, rows };
}
