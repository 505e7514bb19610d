import type { Dashboard } from './panel.js';

const chosen = 'campaign=~"$campaign",tenant=~"$tenant"';
const trained = 'campaign=~"$campaign"';
const noTraining = 'no model is in training';
const noSearch = 'no attack that queries has results, or the campaign is too large for live figures';

/** What who runs a campaign looks at: what comes of it, what it costs, when it ends. */
export const campaign: Dashboard = {
  uid: 'unpair-campaign',
  title: 'Unpair: campaign',
  description:
    'What campaigns have found so far, what they cost and when they end. Series stay for an hour after the end.',
  variables: [
    { name: 'tenant', label: 'Tenant', of: 'unpair_campaign_progress_ratio' },
    { name: 'campaign', label: 'Campaign', of: 'unpair_campaign_progress_ratio{tenant=~"$tenant"}' },
  ],
  sections: [
    {
      title: 'How it goes',
      panels: [
        {
          title: 'Done',
          description: 'Share of its tasks that have reached their end.',
          unit: 'percentunit',
          shape: 'stat',
          queries: [
            { expression: `max by (name) (unpair_campaign_progress_ratio{${chosen}})`, legend: '{{name}}' },
          ],
        },
        {
          title: 'Time left',
          description:
            'Estimate from what its kinds of tasks cost so far, and what models in training say; 0 while unknown.',
          unit: 's',
          shape: 'stat',
          queries: [
            { expression: `max by (name) (unpair_campaign_left_seconds{${chosen}})`, legend: '{{name}}' },
          ],
        },
        {
          title: 'Queries that count',
          description: 'Billed evaluations of targets in results that count, since the campaign began.',
          unit: 'short',
          shape: 'stat',
          queries: [
            {
              expression: `max by (name) (unpair_campaign_queries{fate="accepted",${chosen}})`,
              legend: '{{name}}',
            },
          ],
        },
        {
          title: 'Queries wasted',
          description: 'Evaluations of attempts that failed or came too late. They appear in no result.',
          unit: 'short',
          shape: 'stat',
          queries: [
            {
              expression: `max by (name) (unpair_campaign_queries{fate="wasted",${chosen}})`,
              legend: '{{name}}',
            },
          ],
        },
        {
          title: 'Device time',
          description: 'Time that workers took for its results.',
          unit: 's',
          shape: 'stat',
          queries: [
            { expression: `sum by (name) (unpair_campaign_device_seconds{${chosen}})`, legend: '{{name}}' },
          ],
        },
        {
          title: 'Tasks',
          description: 'Its tasks by state.',
          unit: 'short',
          queries: [{ expression: `sum by (state) (unpair_campaign_tasks{${chosen}})`, legend: '{{state}}' }],
        },
        {
          title: 'Device time by kind',
          description: 'Time that workers took: to train, to attack, to measure.',
          unit: 's',
          queries: [
            { expression: `sum by (kind) (unpair_campaign_device_seconds{${chosen}})`, legend: '{{kind}}' },
          ],
        },
        {
          title: 'Queries',
          description: 'Since the campaign began, by whether they count.',
          unit: 'short',
          queries: [{ expression: `sum by (fate) (unpair_campaign_queries{${chosen}})`, legend: '{{fate}}' }],
        },
      ],
    },
    {
      title: 'What it has found so far',
      panels: [
        {
          title: 'Transfer and search: success',
          description: 'Share of the samples attacked that were misclassified in the end, for each cell.',
          unit: 'percentunit',
          shape: 'table',
          otherwise: 'no attack has results, or the campaign is too large for live figures',
          queries: [
            {
              expression: `max by (name, target, surrogate, attack, epsilon, parameters) (unpair_campaign_success_ratio{${chosen}})`,
              legend: '{{attack}} {{epsilon}} {{surrogate}}',
            },
          ],
        },
        {
          title: 'Broken within so many queries',
          description: 'Share of the samples attacked, by the queries that it took.',
          unit: 'percentunit',
          shape: 'bars',
          otherwise: noSearch,
          queries: [
            {
              expression: `max by (attack, epsilon, surrogate, queries) (unpair_campaign_success_within_ratio{${chosen}})`,
              legend: '{{attack}} {{epsilon}} {{surrogate}} ≤ {{queries}}',
            },
          ],
        },
        {
          title: 'Amplification',
          description:
            'Median queries without the surrogate over those with it, with its 95 % interval: how much the sibling helps.',
          unit: 'short',
          otherwise: `${noSearch}, or most samples withstand every search`,
          queries: [
            {
              expression: `max by (attack, epsilon, surrogate, baseline, bound) (unpair_campaign_amplification{${chosen}})`,
              legend: '{{attack}} {{epsilon}} {{surrogate}} over {{baseline}}: {{bound}}',
            },
          ],
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
          otherwise: noTraining,
          queries: [
            {
              expression: `max by (campaign, model) (unpair_training_loss{${trained}})`,
              legend: '{{model}} {{campaign}}',
            },
          ],
        },
        {
          title: 'Training accuracy',
          description: 'Of each model in training, over its last steps, on the samples trained on.',
          unit: 'percentunit',
          otherwise: noTraining,
          queries: [
            {
              expression: `max by (campaign, model) (unpair_training_accuracy_ratio{${trained}})`,
              legend: '{{model}} {{campaign}}',
            },
          ],
        },
        {
          title: 'Measures',
          description:
            'What else is measured of a model in training, such as held-out accuracy, gradient cosine and transfer.',
          unit: 'short',
          signed: true,
          otherwise: noTraining,
          queries: [
            {
              expression: `max by (campaign, model, measure) (unpair_training_measure{${trained}})`,
              legend: '{{measure}} {{model}} {{campaign}}',
            },
          ],
        },
        {
          title: 'Steps done',
          description: 'Share of its steps that each model in training has behind it.',
          unit: 'percentunit',
          otherwise: noTraining,
          queries: [
            {
              expression: `max by (campaign, model) (unpair_training_progress_ratio{${trained}})`,
              legend: '{{model}} {{campaign}}',
            },
          ],
        },
      ],
    },
  ],
};
