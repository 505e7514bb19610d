import { runAttacksBenchmark } from './attacks/attacks.js';
import { runClusterBenchmark } from './cluster/cluster.js';
import { runEngineBenchmark } from './engine/engine.js';
import { runPeersBenchmark } from './peers/peers.js';
import { runStoreBenchmark } from './store/store.js';
import { runMixedBenchmark } from './throughput/mixed.js';
import { runThroughputBenchmark } from './throughput/throughput.js';

/** Benchmarks by the name that follows `npm run bench --`. */
const BENCHMARKS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  engine: runEngineBenchmark,
  attacks: runAttacksBenchmark,
  peers: runPeersBenchmark,
  cluster: runClusterBenchmark,
  store: runStoreBenchmark,
  throughput: runThroughputBenchmark,
  mixed: runMixedBenchmark,
};

const [name = '', ...args] = process.argv.slice(2);
const benchmark = BENCHMARKS[name];
if (benchmark === undefined) {
  process.stderr.write(`there is no benchmark "${name}"; there are: ${Object.keys(BENCHMARKS).join(', ')}\n`);
  process.exitCode = 2;
} else {
  await benchmark(args);
}
