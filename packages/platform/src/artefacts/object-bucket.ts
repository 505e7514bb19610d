import type { NatsConnection } from 'nats';

/** The stream that keeps a bucket of the JetStream object store. */
export function streamOf(bucket: string): string {
  return `OBJ_${bucket}`;
}

/** The subjects of a bucket: of contents, and of entries. */
export function subjectsOf(bucket: string): string[] {
  return [`$O.${bucket}.C.>`, `$O.${bucket}.M.>`];
}

/** The subject of the content that was uploaded with an id. */
export function chunksOf(bucket: string, id: string): string {
  return `$O.${bucket}.C.${id}`;
}

/** The subject of the entry of a name. */
export function metaOf(bucket: string, name: string): string {
  return `$O.${bucket}.M.${base64url(Buffer.from(name))}`;
}

/** Deletes all messages of a subject of a bucket. No consumer that lasts reads a bucket, so that a purge can do no harm. */
export async function purge(connection: NatsConnection, bucket: string, subject: string): Promise<void> {
  const manager = await connection.jetstreamManager();
  await manager.streams.purge(streamOf(bucket), { filter: subject });
}

/** The object store keeps the padding. */
export function base64url(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
