import type { Dashboard, Panel } from './panel.js';

const of = 'instance=~"$instance"';
const noGpu = 'no DCGM exporter is scraped';

const each = (
  title: string,
  description: string,
  unit: string,
  expression: string,
  more: Partial<Panel> = {},
): Panel => ({
  ...{ title, description, unit },
  queries: [{ expression, legend: '{{instance}}' }],
  ...more,
});

const rate = (counter: string, by: string): string =>
  `sum by (${by}) (rate(unpair_worker_${counter}{${of}}[$__rate_interval]))`;

/** What who looks after machines looks at: what each delivers, and what it lacks. */
export const workers: Dashboard = {
  uid: 'unpair-workers',
  title: 'Unpair: workers',
  description: 'What workers deliver, what they hold, and what goes wrong on them.',
  variables: [{ name: 'instance', label: 'Worker', of: 'unpair_worker_busy' }],
  sections: [
    {
      title: 'Work',
      panels: [
        each('Computing', 'Whether a worker has a task in hand.', 'short', `unpair_worker_busy{${of}}`),
        each(
          'Images',
          'Samples per second that went through a model, gradients included.',
          'ops',
          rate('images_total', 'instance'),
        ),
        each('Batches', 'Runs of a model per second.', 'ops', rate('batches_total', 'instance')),
        each(
          'Batch occupancy',
          'How full batches are. Low: shards are smaller than a batch, or most samples have finished.',
          'percentunit',
          `unpair_worker_batch_occupancy_ratio{${of}}`,
        ),
        {
          ...each(
            'Target queries',
            'Billed evaluations of targets per second in results that count.',
            'ops',
            rate('queries_total', 'attack'),
          ),
          queries: [
            { expression: `${rate('queries_total', 'attack')} > 0 or vector(0)`, legend: '{{attack}}' },
          ],
        },
        {
          title: 'Task duration',
          description:
            'Time from delivery to a result that counts. Long tasks lose much when a worker dies: lower the shard size.',
          unit: 's',
          otherwise: 'no task has ended within the interval',
          queries: [0.5, 0.95].map((quantile) => ({
            expression: `histogram_quantile(${quantile}, sum by (le, kind) (rate(unpair_worker_task_seconds_bucket{${of}}[$__rate_interval])))`,
            legend: `{{kind}} p${quantile * 100}`,
          })),
        },
      ],
    },
    {
      title: 'What goes wrong',
      panels: [
        {
          title: 'Deliveries',
          description:
            'Per second, by what became of them. Anything but done is work that was repeated, handed on or given up.',
          unit: 'ops',
          queries: [{ expression: rate('tasks_total', 'outcome'), legend: '{{outcome}}' }],
        },
        each(
          'Redeliveries',
          'Tasks per second that came again: a worker died, lost its lease or handed back.',
          'ops',
          rate('redeliveries_total', 'instance'),
        ),
        each(
          'Compute processes lost',
          'Since the worker started: native code that crashed or was killed; often memory.',
          'short',
          `unpair_worker_compute_restarts_total{${of}}`,
        ),
        {
          title: 'Queries wasted',
          description: 'Evaluations of targets per second in attempts that were refused or lost.',
          unit: 'ops',
          queries: [{ expression: rate('wasted_queries_total', 'reason'), legend: '{{reason}}' }],
        },
        {
          title: 'Batches that did not fit',
          description:
            'Runs that did not fit in memory and were repeated in halves, since the worker started.',
          unit: 'short',
          queries: [
            {
              expression: `sum by (instance) (unpair_worker_out_of_memory_total{${of}}) or 0 * unpair_worker_busy{${of}}`,
              legend: '{{instance}}',
            },
          ],
        },
        each(
          'Broker',
          'Whether the worker has a connection to the broker.',
          'short',
          `unpair_nats_connected{${of}}`,
        ),
      ],
    },
    {
      title: 'What they hold',
      panels: [
        each(
          'Memory of computing',
          'What the compute process holds; UNPAIR_MEMORY_LIMIT ends it.',
          'bytes',
          `unpair_worker_compute_memory_bytes{${of}}`,
        ),
        each(
          'Memory of the agent',
          'What the process beside it holds.',
          'bytes',
          `process_resident_memory_bytes{${of}}`,
        ),
        each('Models loaded', 'At most UNPAIR_MODEL_CAPACITY.', 'short', `unpair_worker_models_held{${of}}`),
        {
          title: 'Found on disk',
          description:
            'Share of the models and sample sets asked for that were on the machine, since the workers started.',
          unit: 'percentunit',
          queries: [
            {
              expression: `sum(unpair_worker_cache_lookups_total{found="hit",${of}}) / (sum(unpair_worker_cache_lookups_total{${of}}) > 0) or vector(0)`,
              legend: 'found',
            },
          ],
        },
        each(
          'Event loop',
          'How late the agent is, 99th percentile. Beyond a second signs of life are missed.',
          's',
          `nodejs_eventloop_lag_p99_seconds{${of}}`,
        ),
        {
          ...each(
            'GPU',
            'How busy GPUs are, where NVIDIA DCGM exporters are scraped.',
            'percent',
            'DCGM_FI_DEV_GPU_UTIL',
            { otherwise: noGpu },
          ),
          queries: [{ expression: 'DCGM_FI_DEV_GPU_UTIL', legend: '{{Hostname}} {{gpu}}' }],
        },
        {
          title: 'GPU memory',
          description: 'What is used of it, in MiB, where NVIDIA DCGM exporters are scraped.',
          unit: 'decmbytes',
          otherwise: noGpu,
          queries: [{ expression: 'DCGM_FI_DEV_FB_USED', legend: '{{Hostname}} {{gpu}}' }],
        },
      ],
    },
  ],
};
