import { campaignsBucket, leaderBucket, tasksStream, trainingSubject } from '@unpair/protocol';
import type { JetStreamManager, NatsConnection } from 'nats';
import { eventually } from '../kit/index.js';
import type { FaultKind } from './schedule.js';

/** No varint ends in them, so that they are no message of ours. */
const nonsense = Buffer.alloc(40, 0xff);

/** Someone with the right to do anything on the broker, and without an idea of what it is for. */
export class Meddler implements Readonly<
  Record<Extract<FaultKind, `delete-${string}` | 'noise'>, () => Promise<void>>
> {
  readonly #connection: NatsConnection;
  /** Campaigns that there are; answers when a coordinator leads. */
  readonly #campaigns: () => Promise<readonly string[]>;

  constructor(connection: NatsConnection, campaigns: () => Promise<readonly string[]>) {
    this.#connection = connection;
    this.#campaigns = campaigns;
  }

  'delete-tasks'(): Promise<void> {
    return this.#do((manager) => manager.streams.delete(tasksStream));
  }

  'delete-queues'(): Promise<void> {
    return this.#do(async (manager) => {
      for await (const { name } of manager.consumers.list(tasksStream))
        await manager.consumers.delete(tasksStream, name);
    });
  }

  'delete-lease'(): Promise<void> {
    return this.#do((manager) => manager.streams.delete(`KV_${leaderBucket}`));
  }

  /** Nothing else happens until the records are there again: who leads has them in its memory alone meanwhile. */
  async 'delete-records'(): Promise<void> {
    const stream = `KV_${campaignsBucket}`;
    const { length: count } = await this.#campaigns();
    await this.#do((manager) => manager.streams.delete(stream));
    await this.#do(async (manager) => {
      const { state } = await manager.streams.info(stream);
      if (state.messages < count) throw new Error(`${state.messages} of ${count} records are there.`);
    });
  }

  async noise(): Promise<void> {
    const ids = await this.#campaigns();
    await this.#do(async (manager) => {
      for await (const { name } of manager.consumers.list(tasksStream))
        for (let at = 0; at < 20; at++) this.#write(`tasks.${name}.c-noise.${at}`);
      const id = ids.at(-1) ?? 'c-none';
      for (let at = 0; at < 400; at++) {
        this.#write(`results.${at % 2 === 0 ? 'c-noise' : id}.${1_000_000 + at}`);
        this.#write(trainingSubject({ campaignId: id, index: at }));
      }
      await this.#connection.flush();
    });
  }

  #write(subject: string): void {
    this.#connection.publish(subject, nonsense);
  }

  /** What the broker does not answer, as while it elects, is asked again. */
  async #do(work: (manager: JetStreamManager) => Promise<unknown>): Promise<void> {
    await eventually(async () => work(await this.#connection.jetstreamManager()), 90);
  }
}
