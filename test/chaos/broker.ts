import { freePort } from '../../cli/src/local/free-port.js';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Member } from './member.js';
import { Proxy } from './proxy.js';

interface Node {
  readonly port: number;
  readonly member: Member;
}

export interface BrokerOptions {
  /** Path or name of a nats-server. */
  readonly natsServer: string;
  readonly brokers: 1 | 3;
  readonly folder: string;
  /** Where its streams are kept instead of in the folder: a small file system, to be filled. */
  readonly store?: string | undefined;
}

/** A nats-server, or a cluster of three of them, whose data outlive kills; each process reaches it through proxies. */
export class Broker implements AsyncDisposable {
  readonly nodes: readonly Node[];
  /** Where the streams are kept, if that is a place of its own. */
  readonly store: string | undefined;

  private constructor(nodes: readonly Node[], store: string | undefined) {
    this.nodes = nodes;
    this.store = store;
  }

  /** Starts a nats-server, or three: those want one that is newer than Debian's. */
  static async start({ natsServer, brokers: count, folder, store }: BrokerOptions): Promise<Broker> {
    const ports = await portsOf(count);
    const routes = ports.map(({ route }) => `"nats://127.0.0.1:${route}"`).join(', ');
    const nodes: Node[] = [];
    for (const [index, { client, route }] of ports.entries()) {
      const name = `broker-${index + 1}`;
      const home = join(folder, name);
      await mkdir(home, { recursive: true });
      const cluster =
        count === 1
          ? ''
          : `cluster { name: chaos, listen: "127.0.0.1:${route}", routes: [${routes}], no_advertise: true }\n`;
      const config = join(home, 'nats.conf');
      await writeFile(
        config,
        `server_name: ${name}\nlisten: "127.0.0.1:${client}"\njetstream { store_dir: "${store === undefined ? home : join(store, name)}" }\n${cluster}`,
      );
      const log = join(folder, `${name}.log`);
      nodes.push({
        port: client,
        member: new Member({ name, command: natsServer, words: ['-c', config], log }),
      });
    }
    return new Broker(nodes, store);
  }

  get members(): readonly Member[] {
    return this.nodes.map(({ member }) => member);
  }

  /** Past all proxies, for whoever only looks. */
  get url(): string {
    return this.nodes.map(({ port }) => `nats://127.0.0.1:${port}`).join(',');
  }

  /** A way of its own to every node, for one process. */
  proxies(): Promise<readonly Proxy[]> {
    return Promise.all(this.nodes.map(({ port }) => Proxy.start(port)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { member } of this.nodes) await member[Symbol.asyncDispose]();
  }
}

async function portsOf(
  count: number,
): Promise<readonly { readonly client: number; readonly route: number }[]> {
  const ports = [];
  for (let index = 0; index < count; index++) {
    ports.push({ client: await freePort(), route: await freePort() });
  }
  return ports;
}
