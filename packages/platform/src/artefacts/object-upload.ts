import { headers, nuid, type NatsConnection } from 'nats';
import { createHash } from 'node:crypto';
import { publish, type PublishOptions } from '../nats/publish.js';
import { base64url, chunksOf, metaOf, purge } from './object-bucket.js';
import { inPieces } from './pieces.js';

export interface ObjectUploadOptions {
  readonly connection: NatsConnection;
  readonly bucket: string;
  /** Milliseconds to wait for a broker that went away, or has no space. */
  readonly patience: number;
  readonly signal?: AbortSignal | undefined;
}

const pieceSize = 128 * 1024;
/** Pieces on their way to the broker at a time: bounds the memory of an upload. */
const piecesInFlight = 16;

/**
 * One object on its way into a bucket. It follows the format of the JetStream object store (chunk messages, then one meta
 * message), so that pieces are bounded in flight and sent again when the broker was away.
 */
export class ObjectUpload {
  readonly #options: ObjectUploadOptions;
  readonly #id = nuid.next();
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #pieces = 0;

  constructor(options: ObjectUploadOptions) {
    this.#options = options;
  }

  /** Bytes sent so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** SHA-256 of what was sent so far, in hex. */
  get digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Sends the content; nobody sees it yet. */
  async send(content: AsyncIterable<Uint8Array>): Promise<void> {
    let batch: Promise<unknown>[] = [];
    try {
      for await (const piece of inPieces(content, pieceSize)) {
        this.#hash.update(piece);
        this.#bytes += piece.length;
        const messageId = `${this.#id}/${this.#pieces++}`;
        const sending = this.#publish(chunksOf(this.#options.bucket, this.#id), piece, { messageId });
        // A failure is met at the next await of the batch, not as an unhandled rejection before.
        sending.catch(() => undefined);
        batch.push(sending);
        if (batch.length === piecesInFlight) {
          await Promise.all(batch);
          batch = [];
        }
      }
      await Promise.all(batch);
    } finally {
      // What is still on its way would come after it was taken back.
      await Promise.allSettled(batch);
    }
  }

  /**
   * Makes what was sent visible under a name, in the place of the revision that `onlyAfter` names: 0 for none.
   * @returns false when another upload was faster
   */
  async show(
    name: string,
    onlyAfter: number,
    metadata: Readonly<Record<string, string>> = {},
  ): Promise<boolean> {
    const { bucket } = this.#options;
    const meta = {
      ...{ name, bucket, nuid: this.#id, size: this.#bytes, chunks: this.#pieces, metadata },
      digest: `SHA-256=${base64url(Buffer.from(this.digest, 'hex'))}`,
      mtime: new Date().toISOString(),
      options: { max_chunk_size: pieceSize },
    };
    const rollup = headers();
    rollup.set('Nats-Rollup', 'sub');
    const options = { messageId: `${this.#id}/meta`, onlyAfter, headers: rollup };
    return this.#publish(metaOf(bucket, name), Buffer.from(JSON.stringify(meta)), options);
  }

  /** Takes back what was sent. Best effort: pieces that nothing refers to cost space and nothing else. */
  async discard(): Promise<void> {
    const { connection, bucket } = this.#options;
    await purge(connection, bucket, chunksOf(bucket, this.#id)).catch(() => undefined);
  }

  async #publish(
    subject: string,
    data: Uint8Array,
    options: Omit<PublishOptions, 'patience' | 'signal'>,
  ): Promise<boolean> {
    const { connection, patience, signal } = this.#options;
    const all = { ...options, patience, ...(signal && { signal }) };
    return (await publish(connection.jetstream(), subject, data, all)).outcome === 'stored';
  }
}
