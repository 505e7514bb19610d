import { integer, oneOf } from '@unpair/parameters';
import type { Campaign, Target, Violation } from '../campaign.js';
import { ALLOWANCES, isBehindEndpoint, offerOf } from '../campaign.js';
import { goalProblem } from './access.js';
import { readAttacks } from './attacks.js';
import { readDocument } from './document.js';
import type { Field } from './field.js';
import type { ModelsSection } from './models.js';
import { readModels } from './models.js';
import { MAX_SHARD_SIZE } from '../results/shard-limit.js';
import { name } from './rules.js';
import type { Partially } from './sections.js';
import { readDataset, readPlacement, readSimilarity, readThreat } from './sections.js';
import { readSurrogates } from './surrogates.js';
import { BUILT_IN } from '../built-in.js';
import { defencesOf } from '../adaptive/defences.js';
import { withAdaptiveAttackers } from '../adaptive/expand.js';
import type { Catalogue } from '../catalogue.js';

/** A campaign, or everything that is wrong with the file. */
export type ParsedCampaign =
  | { readonly ok: true; readonly campaign: Campaign }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** Enough tasks to keep two workers busy on a small campaign, few enough that messages do not dominate. */
const DEFAULT_SHARD_SIZE = 25;
/** The grid is held in memory, and the file may come from the network. */
const LARGEST_GRID = 100_000;
/** Cells that trying one defence adds at one epsilon: ten or so, and more with strangers. */
const LEAST_ATTACKERS = 10;

/** What the file says; the rest follows from it. */
type AskedCampaign = Omit<Campaign, 'adaptive'>;

const KEYS = [
  'name',
  'seed',
  'dataset',
  'models',
  'targets',
  'surrogates',
  'similarity',
  'threat',
  'attacks',
  'placement',
  'allow',
  'maxQueries',
  'shardSize',
] as const;

const ALLOWED = oneOf(...ALLOWANCES);

/**
 * Reads a campaign file, YAML or JSON. All errors are found in one pass; each is one sentence with the path
 * in the file, the value and what is allowed.
 */
export function parseCampaign(text: string, catalogue: Catalogue = BUILT_IN): ParsedCampaign {
  const document = readDocument(text);
  if (!('root' in document)) return { ok: false, violations: document };
  const draft = readCampaign(document.root, catalogue);
  const asked = draft !== undefined && isComplete(draft) ? draft : undefined;
  if (asked !== undefined) limitGrid(document.root.get('attacks'), asked);
  // Defences can be followed only where nothing leads back to itself.
  const isSound = document.violations().length === 0;
  const campaign = isSound && asked ? expanded(document.root.get('attacks'), asked, catalogue) : undefined;
  return campaign === undefined ? { ok: false, violations: document.violations() } : { ok: true, campaign };
}

function readCampaign(root: Field, catalogue: Catalogue): Partially<AskedCampaign> | undefined {
  if (!root.hasKeys(KEYS)) return undefined;
  const dataset = readDataset(root.get('dataset'));
  const { models, names } = readModels(root.get('models'), catalogue.siblings);
  const surrogates = readSurrogates(root.get('surrogates'), names);
  const unknown = surrogates
    ?.flatMap(({ models: names }) => names)
    .find((name) => isBehindEndpoint(models, name));
  if (unknown !== undefined)
    root
      .get('surrogates')
      .reject(`must be models whose weights there are, got "${unknown}", which is behind an endpoint`);
  const similarity = readSimilarity(root.get('similarity'));
  const threat = readThreat(root.get('threat'));
  const targets = readTargets(root.get('targets'), names);
  const offers = (targets ?? []).map(({ model }) => ({ name: model, offer: offerOf(models, model) }));
  const goal = root.get('threat').get('goal');
  for (const offered of offers) {
    const problem = threat.goal && goalProblem(threat.goal, offered);
    if (problem !== undefined) goal.get('reach').reject(problem);
  }
  return {
    name: root.get('name').read(name),
    seed: root.get('seed').readOr(integer(0), 0),
    dataset: isComplete(dataset) ? dataset : undefined,
    models,
    targets,
    surrogates,
    similarity: isComplete(similarity) ? similarity : undefined,
    threat: isComplete(threat) ? threat : undefined,
    attacks: readAttacks(root.get('attacks'), {
      attacks: catalogue.attacks,
      norm: threat.norm,
      goal: threat.goal,
      targets: offers,
      hasSurrogates: surrogates === undefined || surrogates.length > 0,
      samples: dataset.samples,
    }),
    placement: readPlacement(root.get('placement')),
    allow: root.get('allow').present ? root.get('allow').readOneOrMore(ALLOWED) : [],
    ...(root.get('maxQueries').present && { maxQueries: root.get('maxQueries').read(integer(1)) }),
    shardSize: root.get('shardSize').readOr(integer(1, MAX_SHARD_SIZE), DEFAULT_SHARD_SIZE),
  };
}

function isComplete<T extends object>(draft: Partially<T>): draft is T {
  return Object.values(draft).every((part) => part !== undefined);
}

function readTargets(field: Field, names: ModelsSection['names']): readonly Target[] | undefined {
  const models = field.readGroups((entry) => names.read(entry), 'a list of the names of models');
  return models?.flat().map((model) => ({ model }));
}

function limitGrid(attacks: Field, campaign: AskedCampaign): void {
  const { targets, surrogates, threat } = campaign;
  const points = targets.length * Math.max(1, surrogates.length) * threat.epsilons.length;
  const cells = points * campaign.attacks.length;
  if (cells <= LARGEST_GRID) return;
  attacks.reject(
    `must keep the grid (targets × surrogates × epsilons × attacks) within ${LARGEST_GRID} cells, got ${cells}`,
  );
}

/** Adds what follows from the file; undefined after complaining that it is too much. */
function expanded(attacks: Field, asked: AskedCampaign, catalogue: Catalogue): Campaign | undefined {
  const defences = defencesOf(asked).filter(({ adaptive }) => adaptive).length;
  const cells = defences * LEAST_ATTACKERS * asked.threat.epsilons.length;
  if (cells <= LARGEST_GRID) return withAdaptiveAttackers(asked, catalogue);
  attacks.reject(
    `must keep what tries ${defences} defences within ${LARGEST_GRID} cells, got at least ${cells}: ` +
      'set adaptive: false where models are unpaired',
  );
  return undefined;
}
