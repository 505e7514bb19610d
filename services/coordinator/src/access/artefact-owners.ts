import { Bucket, type ArtefactStore, type NatsConnection } from '@unpair/platform';

/** Key-value bucket of who has uploaded which artefact: `<digest>.<tenant>`, with its bytes. */
const bucketName = 'unpair-artefact-owners';

/**
 * Which tenants hold an artefact: those that have sent all of it. Artefacts go by their digests and are stored once, so that without
 * this who knows the digest of another's private model could attack it, or have a sibling made of it.
 */
export class ArtefactOwners {
  readonly #bucket: Bucket;
  /** Bytes by digest, for each tenant. */
  readonly #held = new Map<string, Map<string, number>>();

  private constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Opens the bucket, creating it at the first time. Only who leads writes to it. */
  static async open(connection: NatsConnection, replicas: number): Promise<ArtefactOwners> {
    const bucket = await Bucket.open(connection, { name: bucketName, what: 'owners of artefacts', replicas });
    const owners = new ArtefactOwners(bucket);
    for (const [key, { value }] of await bucket.entries()) {
      const [digest = '', tenant = ''] = key.split('.');
      owners.#heldBy(tenant).set(digest, Number(Buffer.from(value).toString()));
    }
    return owners;
  }

  holds(tenant: string, digest: string): boolean {
    return this.#held.get(tenant)?.has(digest) === true;
  }

  /** Bytes that a tenant has stored. */
  bytes(tenant: string): number {
    let sum = 0;
    for (const bytes of this.#held.get(tenant)?.values() ?? []) sum += bytes;
    return sum;
  }

  /** A tenant has sent all of an artefact. */
  async grant(tenant: string, digest: string, bytes: number): Promise<void> {
    if (this.holds(tenant, digest)) return;
    await this.#bucket.create(`${digest}.${tenant}`, Buffer.from(String(bytes)));
    this.#heldBy(tenant).set(digest, bytes);
  }

  /** Forgets what a tenant held and is no longer stored. */
  async prune(tenant: string, artefacts: Pick<ArtefactStore, 'has'>): Promise<void> {
    for (const digest of [...this.#heldBy(tenant).keys()]) {
      if (await artefacts.has(digest)) continue;
      await this.#bucket.remove(`${digest}.${tenant}`);
      this.#heldBy(tenant).delete(digest);
    }
  }

  #heldBy(tenant: string): Map<string, number> {
    const held = this.#held.get(tenant) ?? new Map<string, number>();
    this.#held.set(tenant, held);
    return held;
  }
}
