import { listen, type Logger, type NatsConnection } from '@unpair/platform';
import { allTraining, decodeTraining, parseSubject, type Training } from '@unpair/protocol';
import type { CampaignRun } from './campaign-run.js';

export interface TrainingFeedOptions {
  readonly connection: NatsConnection;
  readonly find: (campaignId: string) => CampaignRun | undefined;
  readonly logger: Logger;
}

/** Tells campaigns what workers say of their training. No stream is behind it: what is lost, the next message makes up for. */
export class TrainingFeed implements Disposable {
  readonly #options: TrainingFeedOptions;
  readonly #ear: Disposable;

  constructor(options: TrainingFeedOptions) {
    this.#options = options;
    const { connection, logger } = options;
    const onMessage = (subject: string, data: Uint8Array): void => {
      this.#take(subject, data);
    };
    this.#ear = listen(connection, { subject: allTraining, logger, onMessage });
  }

  #take(subject: string, data: Uint8Array): void {
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
    this.#ear[Symbol.dispose]();
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
