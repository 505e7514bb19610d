import type { NatsConnection } from 'nats';
import type { Logger } from '../logging.js';

export interface ListenOptions {
  readonly subject: string;
  readonly logger: Logger;
  readonly onMessage: (subject: string, data: Uint8Array) => void;
}

/** Hears what is said on subjects that no stream keeps, until disposed of. */
export function listen(
  connection: NatsConnection,
  { subject, logger, onMessage }: ListenOptions,
): Disposable {
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      if (error === null) onMessage(message.subject, message.data);
      else logger.warn({ error, subject }, 'cannot hear what is said in passing');
    },
  });
  return {
    [Symbol.dispose]: () => {
      subscription.unsubscribe();
    },
  };
}
