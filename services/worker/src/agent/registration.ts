import { ask, listen, type Logger, type NatsConnection } from '@unpair/platform';
import {
  decodeOrders,
  encodeReport,
  rollCall,
  workerSubject,
  type TaskInHand,
  type WorkerReport,
} from '@unpair/protocol';

export interface RegistrationOptions {
  readonly connection: NatsConnection;
  /** What there is to tell now. */
  readonly report: () => WorkerReport;
  /** Called with tasks in hand whose result nobody wants any more. */
  readonly onAbandon: (tasks: readonly TaskInHand[]) => void;
  /** Milliseconds between two reports. */
  readonly interval?: number;
  readonly logger: Logger;
}

/** Milliseconds between two reports: a third of the time after which a worker counts as gone. */
const defaultInterval = 3_000;

/** Tells the coordinator of this worker for as long as it lives, and passes on what it is told to abandon. */
export class Registration implements AsyncDisposable {
  readonly #options: RegistrationOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #ear: Disposable;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    const { connection, logger, interval = defaultInterval } = options;
    this.#timer = setInterval(() => void this.report(), interval);
    const onMessage = ({ data }: { readonly data: Uint8Array }): void => {
      this.#onRollCall(Buffer.from(data).toString());
    };
    this.#ear = listen(connection, { subject: rollCall, logger, onMessage });
  }

  #onRollCall(campaignId: string): void {
    const { tasks } = this.#options.report();
    if (campaignId === '' || tasks.some((task) => task.campaignId === campaignId)) void this.report();
  }

  /** Reports now. Nobody may answer: then the tasks in hand go on. */
  async report(more: Partial<WorkerReport> = {}): Promise<void> {
    const { connection, logger, onAbandon, interval = defaultInterval } = this.#options;
    if (connection.isClosed() || connection.isDraining()) return;
    const report = { ...this.#options.report(), ...more };
    const answer = await ask(connection, workerSubject(report.worker), encodeReport(report), interval);
    if (answer === undefined) return;
    try {
      const { abandon } = decodeOrders(answer);
      if (abandon.length > 0) onAbandon(abandon);
    } catch (error) {
      logger.warn({ error }, 'the answer to a report cannot be read');
    }
  }

  /** Reports for the last time. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#ear[Symbol.dispose]();
    await this.report({ leaving: true, tasks: [] });
  }
}
