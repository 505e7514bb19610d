export type { AttackEntry, Campaign, DatasetEntry, ModelEntry, Violation } from './campaign.js';
export type { Cell, Plan, PlannedTask, Range, Stage } from './plan.js';
