import {
  connectNats,
  createLogger,
  createRegistry,
  GrpcServer,
  Handlers,
  RpcClient,
  systemClock,
} from '@unpair/platform';
import { CampaignServiceService, reflectionPackage } from '@unpair/protocol';
import type { Authentication, Clock, Logger, NatsConnection, TopologyOptions } from '@unpair/platform';
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { temporaryFolder, TestNatsServer, type TemporaryFolder } from '../../../../test/kit/index.js';
import { ArtefactOwners, campaignService, Coordinator, type Quotas } from '../../src/index.js';
import { storeArtefacts } from './campaign-file.js';
import { beThere } from './synthetic-worker.js';

/** A broker and a folder that outlive the coordinators of a test. */
export interface Ground extends AsyncDisposable {
  readonly nats: TestNatsServer;
  readonly folder: TemporaryFolder;
  readonly connection: NatsConnection;
}

const silent = createLogger({ service: 'test', level: 'silent' });

/** @param slots of the one worker that is said to be there; where they are 0, none is */
export async function ground({ slots = 1 } = {}): Promise<Ground> {
  const nats = await TestNatsServer.start();
  const folder = await temporaryFolder();
  const connection = await connectNats({ url: nats.url, name: 'test', logger: silent });
  const presence = slots > 0 ? beThere(connection, { slots }) : undefined;
  const dispose = async (): Promise<void> => {
    presence?.[Symbol.dispose]();
    await connection.close();
    await folder[Symbol.asyncDispose]();
    await nats[Symbol.asyncDispose]();
  };
  return { nats, folder, connection, [Symbol.asyncDispose]: dispose };
}

/** A coordinator in this process, with its gRPC server and a client. */
export interface Served extends AsyncDisposable {
  readonly coordinator: Coordinator;
  readonly client: RpcClient;
  readonly server: GrpcServer;
  readonly registry: Registry;
}

export interface ServeOptions {
  readonly window?: number;
  readonly reconcileInterval?: number;
  /** Less than the patience of `eventually`: a pull that is lost in a pause costs a lease. */
  readonly ackWait?: number;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly monitoring?: readonly string[];
  readonly maxTasks?: number;
  readonly topology?: TopologyOptions;
  /** Who calls is asked, and each tenant may have so much. */
  readonly access?: { readonly authentication: Authentication; readonly quotas: Quotas };
  readonly uploads?: { readonly most?: number; readonly patience?: number };
}

export async function serve({ connection, folder }: Ground, options: ServeOptions = {}): Promise<Served> {
  const { window = 8, reconcileInterval = 15_000, ackWait = 10_000, logger = silent } = options;
  const { clock = systemClock } = options;
  const registry = createRegistry();
  const coordinator = await Coordinator.start({
    connection,
    database: join(folder.path, 'results.duckdb'),
    version: 'test',
    ...(options.monitoring && { monitoring: options.monitoring }),
    window,
    reconcileInterval,
    topology: { ackWait, ...options.topology },
    limits: { maxTasks: options.maxTasks ?? 1_000_000 },
    registry,
    clock,
    logger,
  });
  await storeArtefacts(coordinator.artefacts);
  const { authentication, quotas } = options.access ?? {};
  const guard = quotas && { owners: await ArtefactOwners.open(connection, 1), quotas };
  const handlers = new Handlers({ logger, clock: systemClock });
  const versions = { unpair: 'test' };
  const exportDirectory = folder.path;
  const implementation = campaignService({
    coordinator,
    handlers,
    clock: systemClock,
    exportDirectory,
    versions,
    guard,
    ...(options.uploads && { uploads: options.uploads }),
  });
  const server = await GrpcServer.start({
    address: '127.0.0.1:0',
    authentication,
    services: [{ name: 'unpair.v1.CampaignService', definition: CampaignServiceService, implementation }],
    reflection: reflectionPackage(),
    handlers,
    clock: systemClock,
    logger,
  });
  const client = new RpcClient(server.address);
  const dispose = async (): Promise<void> => {
    client[Symbol.dispose]();
    await server.drain({ notice: 0, deadline: 1_000 });
    await coordinator[Symbol.asyncDispose]();
  };
  return { coordinator, client, server, registry, [Symbol.asyncDispose]: dispose };
}
