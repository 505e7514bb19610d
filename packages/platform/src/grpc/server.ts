import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import type { Clock } from '../clock.js';
import type { Logger } from '../logging.js';
import { formatAddress, listenError, parseAddress } from '../network-address.js';
import type { Handlers } from './handlers.js';

export interface GrpcService {
  /** Full name for health checks: `unpair.v1.CampaignService`. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface GrpcServerOptions {
  /** host:port; port 0 takes any free port. */
  readonly address: string;
  readonly services: readonly GrpcService[];
  /** What health checks are told at first; true unless said. */
  readonly serving?: boolean;
  /** Descriptors that reflection answers from: ours, never a client's. */
  readonly reflection: PackageDefinition;
  readonly handlers: Handlers;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface DrainOptions {
  /** Milliseconds between saying NOT_SERVING and refusing calls, for load balancers to notice. */
  readonly notice?: number;
  /** Milliseconds after which calls still open are cut. */
  readonly deadline?: number;
}

/** Our gRPC server: services with health and reflection, and a drain that always ends. */
export class GrpcServer {
  readonly #server: Server;
  readonly #health: HealthImplementation;
  readonly #options: GrpcServerOptions;
  #isDraining = false;
  /** host:port as bound. */
  readonly address: string;

  private constructor(
    server: Server,
    health: HealthImplementation,
    options: GrpcServerOptions,
    address: string,
  ) {
    this.#server = server;
    this.#health = health;
    this.#options = options;
    this.address = address;
  }

  /**
   * Binds and serves.
   * @throws UnpairError UNAVAILABLE when the port is in use
   */
  static async start(options: GrpcServerOptions): Promise<GrpcServer> {
    const server = new Server({
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.keepalive_permit_without_calls': 1,
    });
    const health = new HealthImplementation();
    for (const { definition, implementation } of options.services)
      server.addService(definition, implementation);
    health.addToServer(server);
    new ReflectionService(options.reflection).addToServer(server);
    const port = await bind(server, options.address);
    const { host } = parseAddress(options.address);
    const started = new GrpcServer(server, health, options, formatAddress({ host, port }));
    started.setServing(options.serving ?? true);
    return started;
  }

  /** What health checks are told from now on. */
  setServing(isServing: boolean): void {
    const status = isServing && !this.#isDraining ? 'SERVING' : 'NOT_SERVING';
    for (const name of ['', ...this.#options.services.map((service) => service.name)]) {
      this.#health.setStatus(name, status);
    }
  }

  /** NOT_SERVING → notice → end streams with UNAVAILABLE → let calls finish → cut what is left at the deadline. */
  async drain({ notice = 5_000, deadline = 10_000 }: DrainOptions = {}): Promise<void> {
    const { clock, handlers, logger } = this.#options;
    this.#isDraining = true;
    this.setServing(false);
    if (notice > 0) await clock.sleep(notice);
    handlers.endStreams();
    const finished = new AbortController();
    const shutdown = new Promise<void>((resolve) => {
      this.#server.tryShutdown((error) => {
        if (error !== undefined) logger.warn({ error }, 'gRPC server did not shut down in order');
        resolve();
      });
    });
    const cut = clock.sleep(deadline, finished.signal).then(
      () => {
        this.#server.forceShutdown();
      },
      () => undefined,
    );
    await Promise.race([shutdown, cut]);
    finished.abort();
  }
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(listenError('gRPC', address, error));
    });
  });
}
