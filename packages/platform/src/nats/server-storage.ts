import { UnpairError } from '@unpair/errors';

/** Files that one nats-server keeps, and how many it may. */
export interface ServerStorage {
  readonly bytes: number;
  /** Its `max_file_store`; without one, most of the disk as it was when the server started. */
  readonly maxBytes: number;
}

/** Milliseconds for which a server may be silent. */
const patience = 3_000;

/**
 * Asks a nats-server's monitoring port, such as `http://nats:8222`, since clients are not told.
 * @throws UnpairError UNAVAILABLE where nothing of the kind answers
 */
export async function serverStorage(url: string): Promise<ServerStorage> {
  try {
    const response = await fetch(new URL('/jsz', url), { signal: AbortSignal.timeout(patience) });
    const { storage, config } = (await response.json()) as Partial<JetStreamFacts>;
    if (typeof storage !== 'number' || typeof config?.max_storage !== 'number')
      throw new Error('it does not speak of JetStream');
    return { bytes: storage, maxBytes: config.max_storage };
  } catch (error) {
    const { message } = UnpairError.from(error);
    throw new UnpairError('UNAVAILABLE', `Could not ask the monitoring port ${url}: ${message}.`);
  }
}

/** What is read of `/jsz`. */
interface JetStreamFacts {
  readonly storage: number;
  readonly config: { readonly max_storage?: number };
}
