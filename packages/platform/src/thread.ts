import { Worker } from 'node:worker_threads';

/**
 * Starts a module of this repository on a thread. From sources (tests, development) the thread has to register the
 * TypeScript loader itself.
 * @param module its name without an extension: `./shard-worker`
 * @param base `import.meta.url` of whoever names it
 * @param workerData what the thread finds under this name
 */
export function startThread(module: string, base: string, workerData?: unknown): Worker {
  if (!base.endsWith('.ts')) return new Worker(new URL(`${module}.js`, base), { workerData });
  const loader = import.meta.resolve('tsx/esm/api');
  const entry = new URL(`${module}.ts`, base);
  const source = `import('${loader}').then(({ register }) => { register(); return import('${entry.href}'); })`;
  return new Worker(source, { eval: true, execArgv: ['--conditions=source'], workerData });
}
