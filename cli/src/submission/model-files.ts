import { UnpairError, type FieldViolation } from '@unpair/errors';
import type { Campaign, Sibling } from '@unpair/campaign';
import { fileOf, isDerived, requirementsOf } from '@unpair/campaign';
import type { Backward, Graph, ModelOptions } from '@unpair/graph';
import { ModelError, foldConstants, isDifferentiable, ruleChanges } from '@unpair/graph';
import type { ModelSource } from '@unpair/protocol';
import { siblings } from '@unpair/siblings';
import type { SiblingDefinition } from '@unpair/training';

import type { DataFacts } from '../models/misfit.js';
import { misfitOf, oversizeOf } from '../models/misfit.js';
import type { ModelFile } from '../models/read-model.js';
import { readModel } from '../models/read-model.js';
import type { Artefact } from './artefact.js';
import { artefactOf } from './artefact.js';
import type { CampaignFile } from './campaign-file.js';
import { resolveFrom } from './campaign-file.js';

/** The files behind a campaign's models, and what is wrong with them. */
export interface CampaignModels {
  /** By name in the campaign file; those that are wrong are absent. */
  readonly artefacts: ReadonlyMap<string, Artefact>;
  /** The published files that the artefacts were made from. */
  readonly sources: ReadonlyMap<string, ModelSource>;
  readonly problems: readonly FieldViolation[];
}

/**
 * Reads every model file of a campaign and checks that it decodes, fits the data and can be differentiated, unless the
 * campaign only asks it for answers.
 * @param data absent where the data set is of no use: then it is only checked that each model decodes
 */
export async function readCampaignModels(
  file: CampaignFile,
  data: DataFacts | undefined,
): Promise<CampaignModels> {
  const artefacts = new Map<string, Artefact>();
  const sources = new Map<string, ModelSource>();
  const problems: FieldViolation[] = [];
  const batches = new Map<string, number>();
  const graphs = new Map<string, Graph>();
  const requirements = requirementsOf(file.campaign);
  for (const [name, entry] of file.campaign.models) {
    const path = fileOf(entry);
    if (path === undefined) continue;
    const [key, options] = entry.kind === 'file' ? ['file', entry.options] : ['ready', undefined];
    const differentiated = requirements.get(name) === 'gradients';
    const outcome = await readOne(resolveFrom(file, path), options, { data, differentiated });
    if (typeof outcome === 'string') problems.push({ field: `models.${name}.${key}`, description: outcome });
    else {
      artefacts.set(name, artefactOf(outcome.bytes));
      sources.set(name, { format: outcome.format, digest: outcome.digest });
      graphs.set(name, outcome.graph);
      const batch = outcome.graph.inputs[0]?.shape[0];
      if (typeof batch === 'number') batches.set(name, batch);
    }
  }
  problems.push(
    ...trainingProblems(file.campaign.models, batches),
    ...backwardProblems(file.campaign, graphs),
  );
  return { artefacts, sources, problems };
}

/** Surrogates whose gradients are to be taken by a rule that changes nothing in one of their models. */
function backwardProblems(
  { models, surrogates }: Campaign,
  graphs: ReadonlyMap<string, Graph>,
): readonly FieldViolation[] {
  return surrogates.flatMap(({ models: members, backward }, index) => {
    if (backward === undefined) return [];
    const [description] = members.flatMap((member) => {
      const graph = graphs.get(graphOf(models, member));
      return (graph && refusalOf(graph, backward, member)) ?? [];
    });
    return description === undefined ? [] : [{ field: `surrogates[${index}].backward`, description }];
  });
}

function refusalOf(graph: Graph, backward: Backward, member: string): string | undefined {
  try {
    ruleChanges(foldConstants(graph), backward);
    return undefined;
  } catch (error) {
    if (error instanceof ModelError) return `cannot be ${backward.rule} for "${member}": ${error.message}`;
    throw error;
  }
}

/** Models that are trained take any number of images at a time. @param batches how many the other ones take */
function trainingProblems(
  models: Campaign['models'],
  batches: ReadonlyMap<string, number>,
): readonly FieldViolation[] {
  return [...models].flatMap(([name, entry]) => {
    if (!isDerived(entry) || !trains(entry)) return [];
    const root = graphOf(models, entry.of);
    const batch = batches.get(root);
    if (batch === undefined) return [];
    const counted = batch === 1 ? '1 image' : `${batch} images`;
    const description = `"${root}" takes ${counted} at a time and cannot be made to take more, so that "${name}" cannot be trained`;
    return [{ field: `models.${name}.${entry.kind}.of`, description }];
  });
}

const definitionOf = ({ kind }: { readonly kind: string }): SiblingDefinition | undefined =>
  siblings.find(({ name }) => name === kind);

function trains(entry: Sibling): boolean {
  return definitionOf(entry)?.trains?.(entry.parameters) === true;
}

/** The model whose graph another has, with other weights. */
function graphOf(models: Campaign['models'], name: string): string {
  const entry = models.get(name);
  const hasOwn = entry === undefined || !isDerived(entry) || definitionOf(entry)?.isOtherNetwork === true;
  return hasOwn ? name : graphOf(models, entry.of);
}

async function readOne(
  path: string,
  options: ModelOptions | undefined,
  { data, differentiated }: { readonly data: DataFacts | undefined; readonly differentiated: boolean },
): Promise<ModelFile | string> {
  try {
    const model = await readModel(path, options, data?.shape);
    if (data === undefined) return model;
    const misfit = misfitOf(model.graph, data) ?? oversizeOf(model.graph);
    if (misfit !== undefined) return `${path} ${misfit}`;
    if (!differentiated) return model;
    const differentiable = isDifferentiable(foldConstants(model.graph));
    return differentiable.ok ? model : `${path} cannot be differentiated: ${differentiable.reason}`;
  } catch (error) {
    if (error instanceof UnpairError) return error.message;
    throw error;
  }
}
