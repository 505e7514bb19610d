import type { Host } from './host.js';

/** An NVIDIA GPU that the driver shows to this process. */
export interface Gpu {
  readonly index: number;
  readonly name: string;
  /** Bytes. */
  readonly memory: number;
  readonly free: number;
}

const QUERY = ['--query-gpu=index,name,memory.total,memory.free', '--format=csv,noheader,nounits'];
const MEBIBYTE = 2 ** 20;

/** The GPUs that nvidia-smi lists; undefined where there is no working nvidia-smi, which says nothing of the GPUs. */
export async function listGpus(host: Host): Promise<readonly Gpu[] | undefined> {
  const listing = await host.output('nvidia-smi', QUERY);
  return listing
    ?.split('\n')
    .map((line) => line.split(', '))
    .filter((fields) => fields.length === 4)
    .map(([index, name = '', total, free]) => ({
      index: Number(index),
      name,
      memory: Number(total) * MEBIBYTE,
      free: Number(free) * MEBIBYTE,
    }));
}
