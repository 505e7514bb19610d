import { Events, type NatsConnection } from 'nats';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Says to Prometheus whether the broker is there, from the start of a process on, which may wait long for it. */
export class ConnectionMetrics {
  readonly #connected: Gauge;
  readonly #lost: Counter;
  #isConnected = false;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#connected = new Gauge({
      name: 'unpair_nats_connected',
      help: 'Whether there is a connection to the broker: 1 or 0.',
      registers,
    });
    this.#lost = new Counter({
      name: 'unpair_nats_disconnects_total',
      help: 'Times that the connection to the broker was lost.',
      registers,
    });
  }

  /** Whether there is a connection. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Follows a connection until it is closed. */
  follow(connection: NatsConnection): void {
    this.#say(true);
    void this.#follow(connection);
  }

  async #follow(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === Events.Disconnect) {
        this.#say(false);
        this.#lost.inc();
      } else if (type === Events.Reconnect) this.#say(true);
    }
    this.#say(false);
  }

  #say(isConnected: boolean): void {
    this.#isConnected = isConnected;
    this.#connected.set(isConnected ? 1 : 0);
  }
}
