import { dirname } from 'node:path';
import { statfs } from 'node:fs/promises';
import {
  brokerFacts,
  serverStorage,
  type BrokerFacts,
  type Clock,
  type NatsConnection,
  type QueueDepth,
  type ServerStorage,
} from '@unpair/platform';
import { UnpairError } from '@unpair/errors';
import { CampaignState, Finding_Severity as Severity, leaderBucket, type Finding } from '@unpair/protocol';
import type { CampaignBook } from './campaigns/campaign-book.js';
import type { CampaignRun } from './campaigns/campaign-run.js';
import type { WorkerTable } from './workers/worker-table.js';

export interface DiagnosisOptions {
  readonly connection: NatsConnection;
  readonly book: CampaignBook;
  /** Of the coordinator. */
  readonly version: string;
  /** URLs of the monitoring ports of the nats-servers. */
  readonly monitoring: readonly string[];
  /** File of the result store. */
  readonly database: string;
  /** Copies that every stream is to have. */
  readonly replicas: number;
  readonly workers: Pick<WorkerTable, 'all'>;
  readonly queue: {
    depth(): Promise<QueueDepth>;
    allQueued(): Promise<ReadonlyMap<string, ReadonlyMap<number, string>>>;
  };
  readonly clock: Clock;
}

/** Seconds without a result after which a campaign with tasks in flight is worth a look: the longest tasks take so long. */
const longSilence = 1_800;
/** Seconds that clocks may differ before times in lists mislead. */
const clockTolerance = 5;
/** Share of a limit from which on it is worth a look. */
const nearlyFull = 0.8;
/** Bytes on the disk of the result store below which it is worth a look. */
const leastFree = 2 ** 30;
/** What makes room at the broker. */
const room =
  'delete campaigns that are not needed ("unpair delete"), set UNPAIR_RETENTION_DAYS, or raise the limit';

/** Looks at what a coordinator works with. A part that cannot be looked at is a finding of its own. */
export async function diagnose(options: DiagnosisOptions): Promise<readonly Finding[]> {
  const { connection, clock } = options;
  const parts = [
    async () =>
      brokerFindings(await brokerFacts(connection, { bucket: leaderBucket, clock }), options.replicas),
    async () => storageFindings(options),
    () => workerFindings(options),
    () => Promise.resolve(campaignFindings(options)),
    async () => orphanFindings(options),
  ];
  const findings: Finding[] = [ok('coordinator', `version ${options.version}; it leads, and answers`)];
  for (const part of parts) {
    try {
      findings.push(...(await part()));
    } catch (error) {
      const remedy = 'see whether the NATS server runs and answers; its log says what it lacks';
      findings.push({ ...bad('broker', UnpairError.from(error).message, remedy) });
    }
  }
  return findings;
}

function brokerFindings(facts: BrokerFacts, replicas: number): readonly Finding[] {
  const { server, version, bytes, maxBytes, streams, clockAhead } = facts;
  const used = `${mib(bytes)} used${maxBytes < 0 ? ', no limit of the account' : ` of ${mib(maxBytes)}`}`;
  const isFull = maxBytes > 0 && bytes > nearlyFull * maxBytes;
  const findings = [
    ok('broker', `nats-server ${version} at ${server}`),
    isFull ? worse('storage', used, room) : ok('storage', used),
  ];
  for (const { name, bytes: size, maxBytes: limit } of streams)
    if (limit > 0 && size > nearlyFull * limit)
      findings.push(worse('storage', `${name} has ${mib(size)} of ${mib(limit)}`, room));
  const behind = streams.filter((stream) => stream.replicas < replicas || stream.current < stream.replicas);
  for (const { name, replicas: configured, current } of behind) {
    const state = `${name} has ${current} of ${Math.max(configured, replicas)} copies up to date`;
    const remedy = 'see that all NATS servers run, and that UNPAIR_REPLICAS is no more than there are';
    findings.push(
      current * 2 > configured ? worse('replicas', state, remedy) : bad('replicas', state, remedy),
    );
  }
  if (behind.length === 0)
    findings.push(
      ok(
        'replicas',
        `${streams.length} streams, of each ${replicas === 1 ? '1 copy' : `${replicas} copies`}`,
      ),
    );
  const apart = `the broker's clock and the coordinator's are ${Math.abs(clockAhead).toFixed(1)} s apart`;
  const isApart = Math.abs(clockAhead) > clockTolerance;
  const sync = 'let both synchronize their clocks; no result depends on it, but times in lists do';
  return [...findings, isApart ? worse('clock', apart, sync) : ok('clock', apart)];
}

/** What the account does not tell: the limits of the servers themselves, and the disk of the result store. */
async function storageFindings({ monitoring, database }: DiagnosisOptions): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const url of monitoring) {
    const asked = await serverStorage(url).catch((error: unknown) => UnpairError.from(error));
    const remedy =
      'see that UNPAIR_NATS_MONITORING names the servers, and that the network lets this process there';
    if (asked instanceof UnpairError) findings.push(worse('storage', asked.message, remedy));
    else findings.push(serverFinding(url, asked));
  }
  if (monitoring.length === 0) {
    const unknown = 'max_file_store of the servers is not known: UNPAIR_NATS_MONITORING is not set';
    findings.push(ok('storage', unknown));
  }
  const { bavail, bsize } = await statfs(dirname(database));
  const free = `${mib(bavail * bsize)} free on the disk of ${database}`;
  const remedy = 'make room, or move the file: it may be lost, for it is rebuilt from the results stream';
  findings.push(bavail * bsize < leastFree ? worse('storage', free, remedy) : ok('storage', free));
  return findings;
}

function serverFinding(url: string, { bytes, maxBytes }: ServerStorage): Finding {
  const state = `nats-server at ${url}, max_file_store: ${mib(bytes)} of ${mib(maxBytes)} used`;
  return bytes > nearlyFull * maxBytes ? worse('storage', state, room) : ok('storage', state);
}

async function workerFindings({
  queue,
  workers,
  book,
  version: own,
}: DiagnosisOptions): Promise<readonly Finding[]> {
  const { waiting, held, redelivered } = await queue.depth();
  const state = `${waiting} tasks wait, workers hold ${held}, ${redelivered} of them not for the first time`;
  const idle = 'start workers, or read in the logs of those that run why they do not';
  const isTaken = waiting === 0 || held > 0;
  const findings = [
    ...unservedFindings(book),
    isTaken ? ok('workers', state) : bad('workers', `${state}: no worker takes any`, idle),
  ];
  const reports = workers.all().flatMap(({ report }) => (report === undefined ? [] : [report]));
  const classes = new Map<string, number>();
  for (const { label, engine, device, kinds, version } of reports) {
    const words = `${label} ${engine} on ${device} for ${kinds.join(', ')}, version ${version}`;
    classes.set(words, (classes.get(words) ?? 0) + 1);
  }
  for (const [words, count] of [...classes].sort())
    findings.push(ok('workers', `${count === 1 ? '1 worker' : `${count} workers`} ${words}`));
  const versions = new Set(reports.map(({ version }) => version));
  const mixed = `workers are of version ${[...versions].sort().join(', ')}, the coordinator of ${own}`;
  const update =
    'let all have one version: tasks that a worker does not know wait for others, and campaigns keep to one engine';
  if ([...versions].some((version) => version !== own)) findings.push(worse('workers', mixed, update));
  return findings;
}

/** What campaigns wait for, where no worker that there is can take their next tasks. */
function unservedFindings(book: CampaignBook): readonly Finding[] {
  const unserved = [...book.running()].filter((run) => run.waiting !== '');
  const [first] = unserved;
  if (first === undefined) return [];
  const others = unserved.length > 1 ? `, and ${unserved.length - 1} more campaigns wait` : '';
  const start = 'start such a worker ("unpair workers" shows those that there are)';
  // One that is bound waits for its engine, any other for what its file asks for.
  const remedy =
    first.record.engine === ''
      ? `${start}, or cancel the campaign and run it with another placement`
      : `${start}, or let the campaign use another engine: "unpair set ${first.id} --engine any", or once it has rows "unpair resume ${first.id} --scope all"`;
  return [bad('workers', `${first.id} ${first.waiting}${others}`, remedy)];
}

function campaignFindings({ book, clock }: DiagnosisOptions): readonly Finding[] {
  const runs = [...book.all()];
  const count = (state: CampaignState): number => runs.filter((run) => run.state === state).length;
  const { RUNNING, PAUSED } = CampaignState;
  const findings = [
    ok('campaigns', `${count(RUNNING)} running, ${count(PAUSED)} paused, ${runs.length} in all`),
  ];
  const now = clock.now().getTime();
  for (const run of book.running()) {
    const silent = (now - lastSign(run)) / 1_000;
    if (silent < longSilence || run.count('inFlight') === 0) continue;
    const state = `${run.id} has had no result for ${Math.round(silent / 60)} min with ${run.count('inFlight')} tasks in flight`;
    findings.push(
      worse(
        'tasks',
        state,
        `see them with "unpair tasks ${run.id} --state in-flight", and the logs of workers`,
      ),
    );
  }
  for (const { id, reason } of book.unreadable())
    findings.push(
      worse('campaigns', reason, `run ${id} with the version that made it, or "unpair delete ${id}"`),
    );
  return findings;
}

function lastSign(run: CampaignRun): number {
  return (run.lastResult ?? run.record.createTime ?? new Date(0)).getTime();
}

async function orphanFindings({ queue, book }: DiagnosisOptions): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [id, queued] of await queue.allQueued()) {
    if (book.find(id) !== undefined) continue;
    const remedy =
      'run the same campaign again, and it takes in all results there are; left alone, they are taken out of the queue';
    findings.push(
      worse('tasks', `${queued.size} tasks of ${id} are queued, which no record tells of`, remedy),
    );
  }
  return findings;
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

function ok(subject: string, description: string): Finding {
  return { severity: Severity.OK, subject, description, remedy: '' };
}

/** Something that an operator should know of. */
function worse(subject: string, description: string, remedy: string): Finding {
  return { severity: Severity.WARNING, subject, description, remedy };
}

/** Something that keeps the cluster from its work. */
function bad(subject: string, description: string, remedy: string): Finding {
  return { severity: Severity.ERROR, subject, description, remedy };
}
