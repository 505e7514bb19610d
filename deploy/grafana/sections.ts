import type { Section } from './panel.js';

const perSecond = (counter: string): string => `sum(rate(${counter}[$__rate_interval]))`;

const ofModel = (gauge: string): string => `max by (campaign, model) (unpair_training_${gauge})`;

/** What the dashboard shows, from the question asked most to the one asked last. */
export const sections: readonly Section[] = [
  {
    title: 'Campaigns',
    panels: [
      {
        title: 'Running campaigns',
        description: 'Campaigns that have not ended.',
        unit: 'short',
        shape: 'stat',
        queries: [{ expression: 'sum(unpair_campaigns{state="running"})', legend: 'running' }],
      },
      {
        title: 'Queue depth',
        description:
          'Tasks that wait or are in hand. It stays at the window while there is work for all workers.',
        unit: 'short',
        shape: 'stat',
        queries: [{ expression: 'sum(unpair_queue_depth_tasks)', legend: 'queued' }],
      },
      {
        title: 'Progress',
        description: 'Share of the tasks of each running campaign that have reached their end.',
        unit: 'percentunit',
        queries: [
          { expression: 'max by (campaign) (unpair_campaign_progress_ratio)', legend: '{{campaign}}' },
        ],
      },
      {
        title: 'Tasks by state',
        description:
          'Tasks of running campaigns. Dead letters are tasks that were given up: the campaign names them.',
        unit: 'short',
        queries: [{ expression: 'sum by (state) (unpair_tasks)', legend: '{{state}}' }],
      },
      {
        title: 'Attack success',
        description:
          'Share of the samples attacked in the last ten minutes that were misclassified in the end.',
        unit: 'percentunit',
        queries: [
          {
            expression:
              'sum by (attack) (rate(unpair_attack_samples_total{outcome="success"}[10m]))' +
              ' / sum by (attack) (rate(unpair_attack_samples_total[10m]))',
            legend: '{{attack}}',
          },
        ],
      },
    ],
  },
  {
    title: 'Work done',
    panels: [
      {
        title: 'Workers computing',
        description:
          'Workers with a task in hand. Fewer than there are pods: the queue is empty, or they cannot reach it.',
        unit: 'short',
        shape: 'stat',
        queries: [{ expression: 'sum(unpair_worker_busy)', legend: 'computing' }],
      },
      {
        title: 'Target queries per second',
        description: 'Billed evaluations of targets in accepted results.',
        unit: 'short',
        queries: [
          {
            expression: 'sum by (attack) (rate(unpair_worker_queries_total[$__rate_interval]))',
            legend: '{{attack}}',
          },
        ],
      },
      {
        title: 'Images per second',
        description: 'Samples that went through a model, gradients included: what the hardware delivers.',
        unit: 'short',
        queries: [{ expression: perSecond('unpair_worker_images_total'), legend: 'images' }],
      },
      {
        title: 'Batch occupancy',
        description:
          'How full batches are. Low: shards are smaller than a batch, or most samples have finished.',
        unit: 'percentunit',
        queries: [{ expression: 'avg(unpair_worker_batch_occupancy_ratio)', legend: 'mean' }],
      },
      {
        title: 'Task duration',
        description:
          'Time from delivery to accepted result. Long tasks lose much when a worker dies: lower the shard size.',
        unit: 's',
        queries: [0.5, 0.95].map((quantile) => ({
          expression: `histogram_quantile(${quantile}, sum by (le, kind) (rate(unpair_worker_task_seconds_bucket[$__rate_interval])))`,
          legend: `{{kind}} p${quantile * 100}`,
        })),
      },
    ],
  },
  {
    title: 'Training',
    panels: [
      {
        title: 'Loss',
        description:
          'Of each model that a campaign trains, over its last steps. Rising: the rate is too high, and training may collapse.',
        unit: 'short',
        queries: [{ expression: ofModel('loss'), legend: '{{model}} {{campaign}}' }],
      },
      {
        title: 'Training accuracy',
        description: 'Of each model in training, over its last steps, on the samples trained on.',
        unit: 'percentunit',
        queries: [{ expression: ofModel('accuracy_ratio'), legend: '{{model}} {{campaign}}' }],
      },
      {
        title: 'Measures',
        description:
          'What else is measured of a model in training, such as held-out accuracy, gradient cosine and transfer.',
        unit: 'short',
        signed: true,
        queries: [
          {
            expression: 'max by (campaign, model, measure) (unpair_training_measure)',
            legend: '{{measure}} {{model}} {{campaign}}',
          },
        ],
      },
      {
        title: 'Steps done',
        description: 'Share of its steps that each model in training has behind it.',
        unit: 'percentunit',
        queries: [{ expression: ofModel('progress_ratio'), legend: '{{model}} {{campaign}}' }],
      },
    ],
  },
  {
    title: 'Faults',
    panels: [
      {
        title: 'Deliveries by outcome',
        description: 'Anything but done is work that was repeated, handed on or given up.',
        unit: 'short',
        queries: [
          {
            expression: 'sum by (outcome) (rate(unpair_worker_tasks_total[$__rate_interval]))',
            legend: '{{outcome}}',
          },
        ],
      },
      {
        title: 'Redeliveries',
        description: 'Tasks that came a second time: a worker died, lost its lease or handed back.',
        unit: 'short',
        queries: [{ expression: perSecond('unpair_worker_redeliveries_total'), legend: 'redeliveries' }],
      },
      {
        title: 'Compute processes lost',
        description: 'Native code that crashed or was killed; often memory.',
        unit: 'short',
        queries: [
          {
            expression: 'sum(increase(unpair_worker_compute_restarts_total[$__rate_interval]))',
            legend: 'lost',
          },
        ],
      },
      {
        title: 'Queries wasted',
        description: 'Target evaluations of attempts that were refused or lost. They appear in no result.',
        unit: 'short',
        queries: [
          {
            expression: 'sum by (reason) (rate(unpair_worker_wasted_queries_total[$__rate_interval]))',
            legend: '{{reason}}',
          },
        ],
      },
    ],
  },
];
