import { readFile, readdir } from 'node:fs/promises';

/** Command lines of the running processes that have a folder in their arguments or environment. */
export async function processesOf(folder: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [args = '', environment = ''] = await Promise.all(
        ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      );
      return args.includes(folder) || environment.includes(folder) ? [args.replaceAll('\0', ' ')] : [];
    }),
  );
  return found.flat();
}
