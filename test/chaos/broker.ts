import { freePort } from '../../cli/src/local/free-port.js';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Member } from './member.js';
import { Proxy } from './proxy.js';

interface Node {
  readonly port: number;
  readonly member: Member;
}

/** A nats-server, or a cluster of three of them, whose data outlive kills; each process reaches it through proxies. */
export class Broker implements AsyncDisposable {
  readonly nodes: readonly Node[];

  private constructor(nodes: readonly Node[]) {
    this.nodes = nodes;
  }

  /** @param executable path of a nats-server; three nodes want one that is newer than Debian's. */
  static async start(executable: string, count: 1 | 3, folder: string): Promise<Broker> {
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
        `server_name: ${name}\nlisten: "127.0.0.1:${client}"\njetstream { store_dir: "${home}" }\n${cluster}`,
      );
      const log = join(folder, `${name}.log`);
      nodes.push({
        port: client,
        member: new Member({ name, command: executable, words: ['-c', config], log }),
      });
    }
    return new Broker(nodes);
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
