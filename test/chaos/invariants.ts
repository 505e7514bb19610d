import {
  decodeResult,
  queriesOf,
  resultsStream,
  tasksStream,
  type Campaign,
  type TaskResult,
} from '@unpair/protocol';
import type { NatsConnection } from 'nats';

/** What the results stream holds of one campaign. */
interface Written {
  queries: number;
  done: number;
  failed: number;
  dead: number;
}

/** What did not hold, as sentences; none where all is well. */
export interface Violations {
  /** Of what is written for good. */
  readonly lasting: readonly string[];
  /** Of what acknowledgements and sweeps on their way may still mend. */
  readonly passing: readonly string[];
}

/**
 * What must hold of the broker when all campaigns have ended. Each task has exactly one end, what the coordinator
 * counts is what the stream says, and nothing is left in the queue.
 */
export async function violationsOf(
  connection: NatsConnection,
  campaigns: readonly Campaign[],
): Promise<Violations> {
  const { subjects, written } = await readResults(connection);
  const twice = [...subjects].filter(([, count]) => count > 1);
  return {
    lasting: twice.map(([subject, count]) => `${subject} has ${count} results`),
    passing: [
      ...campaigns.flatMap((campaign) => countsOf(campaign, written.get(campaign.id))),
      ...(await queueOf(connection, campaigns)),
    ],
  };
}

function countsOf(
  { id, progress }: Campaign,
  written: Written = { queries: 0, done: 0, failed: 0, dead: 0 },
): readonly string[] {
  const told = {
    queries: progress?.queries ?? 0,
    done: progress?.done ?? 0,
    failed: progress?.failed ?? 0,
    dead: progress?.deadLetters ?? 0,
  };
  return (['queries', 'done', 'failed', 'dead'] as const)
    .filter((key) => told[key] !== written[key])
    .map((key) => `${id} is said to have ${told[key]} ${key}, the stream has ${written[key]}`);
}

async function readResults(connection: NatsConnection): Promise<{
  readonly subjects: ReadonlyMap<string, number>;
  readonly written: ReadonlyMap<string, Written>;
}> {
  const subjects = new Map<string, number>();
  const written = new Map<string, Written>();
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(resultsStream);
  const consumer = await connection.jetstream().consumers.get(resultsStream);
  for (let read = state.messages; read > 0; read--) {
    const message = await consumer.next();
    if (message === null) throw new Error(`The results stream ended ${read} messages early.`);
    if (!message.subject.startsWith('results.')) continue;
    const result = resultIn(message.data);
    if (result === undefined) continue;
    subjects.set(message.subject, (subjects.get(message.subject) ?? 0) + 1);
    const sums = written.get(result.campaignId) ?? { queries: 0, done: 0, failed: 0, dead: 0 };
    sums.queries += queriesOf(result);
    const kind = result.outcome?.$case;
    sums[kind === 'failure' ? 'failed' : kind === 'deadLetter' ? 'dead' : 'done']++;
    written.set(result.campaignId, sums);
  }
  return { subjects, written };
}

/** The result that the bytes are; undefined for what somebody else wrote there. */
function resultIn(data: Uint8Array): TaskResult | undefined {
  try {
    return decodeResult(data);
  } catch {
    return undefined;
  }
}

async function queueOf(
  connection: NatsConnection,
  campaigns: readonly Campaign[],
): Promise<readonly string[]> {
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(tasksStream, { subjects_filter: '>' });
  const subjects = Object.keys(state.subjects ?? {});
  const left = campaigns.map(({ id, state: now }) => {
    const tasks = subjects.filter((subject) => subject.includes(id));
    return tasks.length === 0 ? '' : `${tasks.length} tasks of ${id}, which is ${now}, are left in the queue`;
  });
  const violations = left.filter((text) => text !== '');
  if (subjects.length > 0 && violations.length === 0)
    violations.push(`${subjects.length} tasks are left in the queue: ${subjects.slice(0, 5).join(', ')}`);
  for await (const { name, num_ack_pending: held } of manager.consumers.list(tasksStream)) {
    if (held > 0) violations.push(`${held} tasks of ${name} are still held`);
  }
  return violations;
}
