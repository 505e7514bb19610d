import {
  listen,
  SparseLog,
  type Clock,
  type Heard,
  type Logger,
  type NatsConnection,
} from '@unpair/platform';
import { allTraining, decodeTraining, parseSubject, type Training } from '@unpair/protocol';
import type { CampaignRun } from './campaign-run.js';

export interface TrainingFeedOptions {
  readonly connection: NatsConnection;
  readonly find: (campaignId: string) => CampaignRun | undefined;
  /** Told of every message that is none. */
  readonly onSkipped: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Tells campaigns what workers say of their training. No stream is behind it: what is lost, the next message makes up for. */
export class TrainingFeed implements Disposable {
  readonly #options: TrainingFeedOptions;
  readonly #warnings: SparseLog;
  readonly #ear: Disposable;

  constructor(options: TrainingFeedOptions) {
    this.#options = options;
    this.#warnings = new SparseLog(options);
    const { connection, logger } = options;
    const onMessage = (heard: Heard): void => {
      this.#take(heard);
    };
    this.#ear = listen(connection, { subject: allTraining, logger, onMessage });
  }

  #take({ subject, data }: Heard): void {
    const { campaignId = '', index = 0 } = parseSubject(subject) ?? {};
    const run = this.#options.find(campaignId);
    if (run === undefined) return;
    const training = read(data);
    if (training !== undefined) run.train(index, training);
    else this.#skip({ campaign: campaignId, task: index, bytes: data.length });
  }

  #skip(about: Readonly<Record<string, unknown>>): void {
    this.#options.onSkipped();
    this.#warnings.warn(about, 'skipped a training message that is damaged');
  }

  [Symbol.dispose](): void {
    this.#ear[Symbol.dispose]();
  }
}

/** What the bytes say; undefined where they are damaged. */
function read(data: Uint8Array): Training | undefined {
  try {
    return decodeTraining(data);
  } catch {
    return undefined;
  }
}
