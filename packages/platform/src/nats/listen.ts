import type { NatsConnection } from 'nats';
import type { Logger } from '../logging.js';

/** One message that no stream keeps. */
export interface Heard {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Answers who asked; nothing where nobody did. */
  readonly respond: (data: Uint8Array) => void;
}

export interface ListenOptions {
  readonly subject: string;
  readonly logger: Logger;
  readonly onMessage: (heard: Heard) => void;
}

/** Hears what is said on subjects that no stream keeps, until disposed of. */
export function listen(
  connection: NatsConnection,
  { subject, logger, onMessage }: ListenOptions,
): Disposable {
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      if (error !== null) {
        logger.warn({ error, subject }, 'cannot hear what is said in passing');
        return;
      }
      const respond = (data: Uint8Array): void => {
        message.respond(data);
      };
      try {
        onMessage({ subject: message.subject, data: message.data, respond });
      } catch (failure) {
        // Anyone may write there: what cannot be dealt with is passed over.
        logger.warn({ error: failure, subject: message.subject }, 'passed over what cannot be dealt with');
      }
    },
  });
  return {
    [Symbol.dispose]: () => {
      subscription.unsubscribe();
    },
  };
}

/** Asks whoever listens on a subject; undefined where nobody answers in so many milliseconds. */
export async function ask(
  connection: NatsConnection,
  subject: string,
  data: Uint8Array,
  timeout: number,
): Promise<Uint8Array | undefined> {
  try {
    return (await connection.request(subject, data, { timeout })).data;
  } catch {
    return undefined;
  }
}
