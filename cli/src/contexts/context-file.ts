import { readFile } from 'node:fs/promises';

import { UnpairError } from '@unpair/errors';
import { writeWhole } from '@unpair/files';
import { z } from 'zod';

const clusterSchema = z.strictObject({
  server: z.string(),
  /** Files, by absolute paths. */
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
  /** Holds the token and nothing else; it is read whenever a call is made. */
  tokenFile: z.string().optional(),
  /** Without TLS, though the server is elsewhere. */
  plaintext: z.literal(true).optional(),
});
const fileSchema = z.strictObject({
  current: z.string().optional(),
  contexts: z.record(z.string(), clusterSchema),
});

/** How one cluster is reached. */
export type Cluster = z.infer<typeof clusterSchema>;
/** The clusters that a user talks to, by his names of them. */
export type Contexts = z.infer<typeof fileSchema>;

/** The file of contexts; none is the same as an empty one. @throws UnpairError FAILED_PRECONDITION where it is damaged */
export async function readContexts(path: string): Promise<Contexts> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return { contexts: {} };
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    const message = `the file of contexts ${path} is damaged: mend or delete it`;
    throw new UnpairError('FAILED_PRECONDITION', message, { cause });
  }
}

/** Replaces the file, which nobody else may read. */
export async function writeContexts(path: string, contexts: Contexts): Promise<void> {
  await writeWhole(path, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 });
}

/** The cluster of a name. @throws UnpairError NOT_FOUND naming those that there are */
export function clusterOf({ contexts }: Contexts, name: string): Cluster {
  const cluster = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (cluster !== undefined) return cluster;
  const names = Object.keys(contexts).join(', ');
  const there = names === '' ? 'there is none: add it with "unpair context add"' : `there are ${names}`;
  throw new UnpairError('NOT_FOUND', `there is no context "${name}": ${there}`);
}
