import type { Campaign } from '@unpair/protocol';
import { CampaignState, Stage } from '@unpair/protocol';

import type { ProgressState } from '../terminal/progress.js';
import { trainingLine } from './training-line.js';

const stages: Readonly<Partial<Record<Stage, string>>> = {
  [Stage.DERIVE]: 'derive',
  [Stage.MEASURE]: 'measure',
  [Stage.ATTACK]: 'attack',
};

/** A campaign's state as a progress display shows it, with a line for each model in training and for each failure. */
export function campaignProgress({
  state,
  progress,
  training,
  failures,
  waiting,
}: Pick<Campaign, 'progress' | 'training' | 'failures' | 'waiting'> &
  Partial<Pick<Campaign, 'state'>>): ProgressState {
  if (!progress) return { label: 'starting' };
  const { tasks, done, failed, deadLetters, cancelled, queries, secondsLeft, stage } = progress;
  const settled = done + failed + deadLetters + cancelled;
  return {
    label: state === CampaignState.PAUSED ? 'paused' : (stages[stage] ?? 'finishing'),
    fraction: tasks > 0 ? settled / tasks : undefined,
    detail: [
      `${settled}/${tasks} tasks`,
      failed + deadLetters > 0 ? `${failed + deadLetters} failed` : '',
      `${queries.toLocaleString('en')} queries`,
      waiting,
      secondsLeft > 0 && waiting === '' ? `${duration(secondsLeft)} left` : '',
    ]
      .filter(Boolean)
      .join(', '),
    parts: [
      ...training.map(trainingLine),
      ...failures.map((detail, index) => ({ label: `failure ${index + 1}`, detail })),
    ],
  };
}

/** Seconds as people say them: `40 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
