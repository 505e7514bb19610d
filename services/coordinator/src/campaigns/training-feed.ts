import type { Logger } from '@unpair/platform';
import { allTraining, decodeTraining, parseSubject, type Training } from '@unpair/protocol';
import type { Msg, NatsConnection, Subscription } from 'nats';
import type { CampaignRun } from './campaign-run.js';

export interface TrainingFeedOptions {
  readonly connection: NatsConnection;
  readonly find: (campaignId: string) => CampaignRun | undefined;
  readonly logger: Logger;
}

/** Tells campaigns what workers say of their training. No stream is behind it: what is lost, the next message makes up for. */
export class TrainingFeed implements Disposable {
  readonly #options: TrainingFeedOptions;
  readonly #subscription: Subscription;

  constructor(options: TrainingFeedOptions) {
    this.#options = options;
    this.#subscription = options.connection.subscribe(allTraining, {
      callback: (error, message) => {
        if (error === null) this.#take(message);
        else options.logger.warn({ error }, 'cannot hear how training goes');
      },
    });
  }

  #take({ subject, data }: Msg): void {
    const { find, logger } = this.#options;
    const { campaignId = '', index = 0 } = parseSubject(subject) ?? {};
    const run = find(campaignId);
    if (run === undefined) return;
    const training = read(data, (error) => {
      logger.warn({ error, campaign: campaignId, task: index }, 'skipped a training message');
    });
    if (training !== undefined) run.train(index, training);
  }

  [Symbol.dispose](): void {
    this.#subscription.unsubscribe();
  }
}

function read(data: Uint8Array, onError: (error: unknown) => void): Training | undefined {
  try {
    return decodeTraining(data);
  } catch (error) {
    onError(error);
    return undefined;
  }
}
