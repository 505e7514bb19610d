import { headers, nuid, type NatsConnection } from 'nats';
import { createHash } from 'node:crypto';
import { publish, type Publication, type PublishOptions } from '../nats/publish.js';
import { base64url, chunksOf, metaOf } from './object-bucket.js';
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
  /** What its pieces lie under in the bucket. */
  readonly id = nuid.next();
  readonly #options: ObjectUploadOptions;
  readonly #hash = createHash('sha256');
  readonly #sequences: number[] = [];
  #bytes = 0;
  #pieces = 0;

  constructor(options: ObjectUploadOptions) {
    this.#options = options;
  }

  /** Bytes sent so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Where the pieces lie in the stream that are known to be stored. */
  get sequences(): readonly number[] {
    return this.#sequences;
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
        const messageId = `${this.id}/${this.#pieces++}`;
        const sending = this.#sendPiece(piece, messageId);
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
      // What is still on its way would come after it was taken back, and has a sequence to know.
      await Promise.allSettled(batch);
    }
  }

  async #sendPiece(piece: Uint8Array, messageId: string): Promise<void> {
    const publication = await this.#publish(chunksOf(this.#options.bucket, this.id), piece, { messageId });
    if (publication.outcome === 'stored') this.#sequences.push(publication.sequence);
  }

  /**
   * Makes what was sent visible under a name, in the place of the revision that `onlyAfter` names: 0 for none.
   * @returns false when another upload was faster
   */
  async show(name: string, onlyAfter: number, metadata?: Readonly<Record<string, string>>): Promise<boolean> {
    const { bucket } = this.#options;
    const meta = {
      ...{ name, bucket, nuid: this.id, size: this.#bytes, chunks: this.#pieces },
      ...(metadata && { metadata }),
      digest: `SHA-256=${base64url(Buffer.from(this.digest, 'hex'))}`,
      mtime: new Date().toISOString(),
      options: { max_chunk_size: pieceSize },
    };
    const rollup = headers();
    rollup.set('Nats-Rollup', 'sub');
    const options = { messageId: `${this.id}/meta`, onlyAfter, headers: rollup };
    const { outcome } = await this.#publish(metaOf(bucket, name), Buffer.from(JSON.stringify(meta)), options);
    return outcome === 'stored';
  }

  #publish(
    subject: string,
    data: Uint8Array,
    options: Omit<PublishOptions, 'patience' | 'signal'>,
  ): Promise<Publication> {
    const { connection, patience, signal } = this.#options;
    return publish(connection.jetstream(), subject, data, {
      ...options,
      patience,
      ...(signal && { signal }),
    });
  }
}
