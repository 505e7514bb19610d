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
import type { Authentication } from '../security/authentication.js';
import { accessGate } from '../security/gate.js';
import { keepFresh } from '../security/keep-fresh.js';
import { TlsServerCredentials, type ServerTls } from '../security/tls.js';
import { tolerant } from './decoding.js';
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
  /** Plain text unless said; the files are read anew when they change. */
  readonly tls?: ServerTls | undefined;
  /** Finds out who calls; anyone may do everything unless said. */
  readonly authentication?: Authentication | undefined;
  /** Milliseconds that a client may take for the first message of a call. */
  readonly patience?: number;
  /** What health checks are told at first; true unless said. */
  readonly serving?: boolean;
  /** Descriptors that reflection answers from: ours, never a client's. */
  readonly reflection: PackageDefinition;
  readonly handlers: Handlers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between two looks at the files of {@link tls} and {@link authentication}. */
  readonly freshness?: number;
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
  readonly #closed = new AbortController();
  #isServing = false;
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
    const { authentication, clock, handlers, logger, patience, freshness: interval } = options;
    const onRefused = handlers.refused.bind(handlers);
    const server = new Server({
      interceptors: [accessGate({ authentication, clock, onRefused, patience })],
      // What one connection may take of our memory.
      'grpc.max_concurrent_streams': 1_000,
      'grpc-node.max_session_memory': 64,
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.keepalive_permit_without_calls': 1,
    });
    const health = new HealthImplementation();
    for (const { definition, implementation } of options.services)
      server.addService(tolerant(definition), implementation);
    health.addToServer(server);
    new ReflectionService(options.reflection).addToServer(server);
    const credentials =
      options.tls === undefined ? ServerCredentials.createInsecure() : new TlsServerCredentials(options.tls);
    const port = await bind(server, options.address, credentials);
    const { host } = parseAddress(options.address);
    const started = new GrpcServer(server, health, options, formatAddress({ host, port }));
    started.setServing(options.serving ?? true);
    const own = credentials instanceof TlsServerCredentials ? [credentials] : [];
    const files = [...own, ...(authentication?.files ?? [])];
    void keepFresh(files, { clock, logger, interval }, started.#closed.signal);
    return started;
  }

  /** What health checks are told. */
  get isServing(): boolean {
    return this.#isServing;
  }

  /** Tells health checks about once a second whether this server is of use, until aborted. */
  async follow(isServing: () => boolean, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.setServing(isServing());
      await this.#options.clock.sleep(1_000, signal).catch(() => undefined);
    }
  }

  /** What health checks are told from now on. */
  setServing(isServing: boolean): void {
    this.#isServing = isServing && !this.#isDraining;
    const status = this.#isServing ? 'SERVING' : 'NOT_SERVING';
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
    this.#closed.abort();
  }
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(listenError('gRPC', address, error));
    });
  });
}
