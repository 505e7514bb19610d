import type { Graph, Node } from '../graph.js';
import { ModelError } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { toLogits } from './adapt/adapt-output.js';
import { producersOf } from './consumers.js';
import { tensorKey } from './keys.js';
import { pruneDeadNodes } from './prune-dead-nodes.js';

/** Name of the node that makes one answer of several models': what tells such a graph from others. */
const MEAN_OF_MEMBERS = 'unpair/mean-of-members';
/** Elements of a constant up to which it is looked for among those of other members: shapes and axes, not weights. */
const SHARED = 64;

/**
 * Several classifiers as one graph, whose logits are the mean of theirs: a file that any runtime runs, and out of which
 * {@link membersOf} takes them again. Small constants that members have in common are stored once.
 * @throws {ModelError} for no members, or for those whose inputs or outputs differ in shape
 */
export function joinMembers(name: string, members: readonly Graph[]): Graph {
  const own = members.map((member) => toLogits(member));
  const [first] = own;
  if (first === undefined) throw new ModelError(`model "${name}" must have at least one member`);
  if (new Set(own.map(interfaceOf)).size > 1) {
    throw new ModelError(`the members of model "${name}" must have inputs and outputs of the same shapes`);
  }
  const joined = new Joined(first);
  const outputs = own.map((member, at) => joined.add(member, at));
  const [output] = first.outputs;
  if (output === undefined) throw new ModelError(`the members of model "${name}" have no output`);
  const mean = { op: 'Mean', domain: '', name: MEAN_OF_MEMBERS, inputs: outputs, attributes: {} };
  const nodes = [...joined.nodes, { ...mean, outputs: [MEAN_OF_MEMBERS] }];
  return {
    ...first,
    name,
    initializers: joined.initializers,
    nodes,
    outputs: [{ ...output, name: MEAN_OF_MEMBERS }],
  };
}

/** The classifiers that a graph was made of by {@link joinMembers}, in their order; of any other, itself. */
export function membersOf(graph: Graph): readonly Graph[] {
  const [output] = graph.outputs;
  const mean = producersOf(graph).get(output?.name ?? '');
  if (output === undefined || mean?.name !== MEAN_OF_MEMBERS) return [graph];
  return mean.inputs.map((name) => pruneDeadNodes({ ...graph, outputs: [{ ...output, name }] }));
}

/** Whatever of a member others must have as well. */
function interfaceOf({ opset, inputs, outputs }: Graph): string {
  return JSON.stringify([opset, inputs.map(({ shape }) => shape), outputs.map(({ shape }) => shape)]);
}

/** A graph that members are added to, each under names of its own; it lives as long as one call. */
class Joined {
  readonly initializers = new Map<string, Tensor>();
  readonly nodes: Node[] = [];
  readonly #input: string;
  /** Names of constants by what they hold. */
  readonly #constants = new Map<string, string>();

  constructor({ inputs: [input] }: Graph) {
    this.#input = input?.name ?? '';
  }

  /** Adds a member, and says what its output is called. */
  add(member: Graph, at: number): string {
    const names = new Map([
      ['', ''],
      [member.inputs[0]?.name ?? '', this.#input],
    ]);
    const renamed = (name: string): string => names.get(name) ?? `member${at}/${name}`;
    for (const [name, tensor] of member.initializers) {
      const key = tensor.data.length > SHARED ? `${at} ${name}` : tensorKey(tensor);
      const known = this.#constants.get(key) ?? renamed(name);
      this.#constants.set(key, known);
      this.initializers.set(known, tensor);
      names.set(name, known);
    }
    for (const node of member.nodes) {
      const [inputs, outputs] = [node.inputs.map(renamed), node.outputs.map(renamed)];
      this.nodes.push({ ...node, name: renamed(node.name), inputs, outputs });
    }
    return renamed(member.outputs[0]?.name ?? '');
  }
}
