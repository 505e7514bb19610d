import type { Dashboard } from './panel.js';

const tenant = '{tenant=~"$tenant"}';

/** What who runs a cluster looks at: is work done, for whom, by how many, and does the broker hold. */
export const cluster: Dashboard = {
  uid: 'unpair-cluster',
  title: 'Unpair: cluster',
  description: 'Queues, workers, campaigns side by side, and the broker.',
  variables: [{ name: 'tenant', label: 'Tenant', of: 'unpair_campaign_progress_ratio' }],
  sections: [
    {
      title: 'At a glance',
      panels: [
        {
          title: 'Running campaigns',
          description: 'Campaigns that have not ended and are not paused.',
          unit: 'short',
          shape: 'stat',
          queries: [{ expression: 'sum(unpair_campaigns{state="running"})', legend: 'running' }],
        },
        {
          title: 'Tasks to do',
          description: 'Tasks of running campaigns that have not reached their end, queued or not.',
          unit: 'short',
          shape: 'stat',
          queries: [{ expression: 'sum(unpair_open_tasks)', legend: 'open' }],
        },
        {
          title: 'Workers',
          description: 'Workers that have told of themselves within the last seconds.',
          unit: 'short',
          shape: 'stat',
          queries: [{ expression: 'sum(unpair_workers)', legend: 'workers' }],
        },
        {
          title: 'Utilisation',
          description: 'Share of the workers that have a task in hand.',
          unit: 'percentunit',
          shape: 'stat',
          queries: [
            {
              expression: 'sum(unpair_workers{state="busy"}) / (sum(unpair_workers) > 0) or vector(0)',
              legend: 'busy',
            },
          ],
        },
        {
          title: 'Leader',
          description: 'Coordinators that lead: one. None: see the runbook of NoLeader.',
          unit: 'short',
          shape: 'stat',
          queries: [{ expression: 'sum(unpair_coordinator_leading)', legend: 'leading' }],
        },
        {
          title: 'Without a broker',
          description: 'Services that have no connection to the broker.',
          unit: 'short',
          shape: 'stat',
          queries: [{ expression: 'count(unpair_nats_connected == 0) or vector(0)', legend: 'away' }],
        },
      ],
    },
    {
      title: 'Campaigns side by side',
      panels: [
        {
          title: 'Progress',
          description: 'Share of the tasks of each campaign that have reached their end.',
          unit: 'percentunit',
          queries: [
            {
              expression: `max by (campaign, name) (unpair_campaign_progress_ratio${tenant})`,
              legend: '{{name}} {{campaign}}',
            },
          ],
        },
        {
          title: 'Time left',
          description:
            'Estimate of the time until each campaign ends, from what its kinds of tasks cost so far.',
          unit: 's',
          queries: [
            {
              expression: `max by (campaign, name) (unpair_campaign_left_seconds${tenant})`,
              legend: '{{name}} {{campaign}}',
            },
          ],
        },
        {
          title: 'Share of the workers',
          description:
            'Tasks in flight of each campaign: shared between tenants first, then by priority and weight.',
          unit: 'short',
          queries: [
            {
              expression:
                'max by (campaign, name) (unpair_campaign_tasks{state="in_flight",tenant=~"$tenant"})',
              legend: '{{name}} {{campaign}}',
            },
          ],
        },
        {
          title: 'Silence',
          description:
            'Time since something was heard of each running campaign. Half an hour raises CampaignSilent.',
          unit: 's',
          otherwise: 'no campaign runs',
          queries: [
            {
              expression: `max by (campaign, name) (unpair_campaign_silence_seconds${tenant})`,
              legend: '{{name}} {{campaign}}',
            },
          ],
        },
        {
          title: 'Tasks given up or failed',
          description: 'They are not tried again by themselves: see the runbook of DeadLetters.',
          unit: 'short',
          queries: [
            {
              expression:
                'max by (campaign, name, state) (unpair_campaign_tasks{state=~"failed|dead_letter",tenant=~"$tenant"})',
              legend: '{{state}} {{name}} {{campaign}}',
            },
          ],
        },
        {
          title: 'Results',
          description: 'Results that count, per second, by outcome.',
          unit: 'ops',
          queries: [
            {
              expression: 'sum by (outcome) (rate(unpair_task_results_total[$__rate_interval]))',
              legend: '{{outcome}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Queues, by class of workers',
      panels: [
        {
          title: 'Tasks to do, by kind',
          description: 'Of all campaigns, by the label and kind of workers that may take them.',
          unit: 'short',
          queries: [
            { expression: 'max by (label, kind) (unpair_open_tasks)', legend: '{{kind}} for {{label}}' },
          ],
        },
        {
          title: 'In queues',
          description: 'Tasks in each queue, taken or not: no more than its window.',
          unit: 'short',
          queries: [{ expression: 'max by (queue) (unpair_queue_depth_tasks)', legend: '{{queue}}' }],
        },
        {
          title: 'Slots',
          description: 'Tasks that live workers could work on at a time, by label and kind.',
          unit: 'short',
          otherwise: 'no worker is there',
          queries: [
            { expression: 'sum by (label, kind) (unpair_worker_slots)', legend: '{{kind}} for {{label}}' },
          ],
        },
        {
          title: 'Oldest task in hand',
          description: 'How long nothing was heard of it. A training that tells how it goes is heard of.',
          unit: 's',
          queries: [{ expression: 'max(unpair_oldest_task_seconds)', legend: 'oldest' }],
        },
        {
          title: 'Held for more than the first time',
          description: 'Tasks that were delivered before: a worker died, lost its lease or handed back.',
          unit: 'short',
          queries: [{ expression: 'max by (queue) (unpair_queue_redelivered_tasks)', legend: '{{queue}}' }],
        },
      ],
    },
    {
      title: 'Broker and coordinator',
      panels: [
        {
          title: 'Streams',
          description: 'Bytes of each stream of the broker.',
          unit: 'bytes',
          queries: [{ expression: 'max by (stream) (unpair_stream_bytes)', legend: '{{stream}}' }],
        },
        {
          title: 'Share of limits',
          description: 'Of streams that have a limit. From 80 % on, BrokerStorageNearlyFull is raised.',
          unit: 'percentunit',
          queries: [
            {
              expression:
                'max by (stream) (unpair_stream_bytes / on (instance, stream) unpair_stream_limit_bytes)',
              legend: '{{stream}}',
            },
          ],
        },
        {
          title: 'Calls',
          description: 'gRPC calls per second that ended, by code.',
          unit: 'ops',
          queries: [
            {
              expression: 'sum by (code) (rate(unpair_grpc_requests_total[$__rate_interval]))',
              legend: '{{code}}',
            },
          ],
        },
      ],
    },
  ],
};
