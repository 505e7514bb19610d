import { describeNode } from '../attributes.js';
import type { Graph, Node, ValueInfo } from '../graph.js';
import { ModelError } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { float32 } from '../tensor.js';
import { producersOf } from './consumers.js';
import { attributesKey, tensorKey } from './keys.js';

/**
 * The graph with each float32 weight w at w + share·(v − w), where v is the weight at the same place in `other`. Places
 * are told by the operators from the outputs back to the inputs; names do not matter. Other constants stay.
 * @param share from 0, where the graph stays as it is, to 1, where it has the other's weights
 * @throws {ModelError} when the two are not the same network
 */
export function interpolateWeights(graph: Graph, other: Graph, share: number): Graph {
  const pairs = new Pairing(graph, other).pairs();
  const initializers = [...graph.initializers].map(([name, tensor]): readonly [string, Tensor] => {
    const twin = other.initializers.get(pairs.get(name) ?? '');
    if (tensor.dataType !== 'float32' || twin?.dataType !== 'float32') return [name, tensor];
    const mixed = tensor.data.map((weight, at) => weight + share * ((twin.data[at] ?? 0) - weight));
    return [name, float32(tensor.shape, mixed)];
  });
  return { ...graph, initializers: new Map(initializers) };
}

/** A walk through two graphs at once, from their outputs. */
class Pairing {
  readonly #graphs: readonly [Graph, Graph];
  readonly #producers: readonly [ReadonlyMap<string, Node>, ReadonlyMap<string, Node>];
  readonly #pairs = new Map<string, string>();
  readonly #open: (readonly [string, string])[] = [];

  constructor(graph: Graph, other: Graph) {
    this.#graphs = [graph, other];
    this.#producers = [producersOf(graph), producersOf(other)];
  }

  /** The name that each value of the one graph has in the other. */
  pairs(): ReadonlyMap<string, string> {
    const [own, theirs] = this.#graphs;
    this.#pushAll(valueNames(own.outputs), valueNames(theirs.outputs), 'outputs');
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) this.#visit(...next);
    return this.#pairs;
  }

  #visit(name: string, twin: string): void {
    const known = name === '' ? '' : this.#pairs.get(name);
    if (known === twin || (known !== undefined && this.#areEqual(known, twin))) return;
    if (known !== undefined) throw this.#mismatch(`"${name}" is both "${known}" and "${twin}"`);
    this.#pairs.set(name, twin);
    const [node, other] = [this.#producers[0].get(name), this.#producers[1].get(twin)];
    if (node !== undefined && other !== undefined) this.#visitNodes(node, other);
    else this.#checkEnds(name, twin);
  }

  /** Whether two values of the other graph are constants of one value: a file may have shared what another has twice. */
  #areEqual(known: string, twin: string): boolean {
    const [first, second] = [known, twin].map((name) => this.#graphs[1].initializers.get(name));
    return first !== undefined && second !== undefined && tensorKey(first) === tensorKey(second);
  }

  #visitNodes(node: Node, other: Node): void {
    const [own, theirs] = [node, other].map(({ op, domain, attributes }) =>
      JSON.stringify([op, domain, attributesKey(attributes)]),
    );
    if (own !== theirs) throw this.#mismatch(`${describeNode(node)} is ${describeNode(other)}`);
    this.#pushAll(node.inputs, other.inputs, `inputs of ${describeNode(node)}`);
    this.#pushAll(node.outputs, other.outputs, `outputs of ${describeNode(node)}`);
  }

  /** Values that no node computes: constants, which must be alike, and inputs, which must be the same. */
  #checkEnds(name: string, twin: string): void {
    const [own, theirs] = [this.#graphs[0].initializers.get(name), this.#graphs[1].initializers.get(twin)];
    if (own !== undefined && theirs !== undefined) {
      if (constantKey(own) !== constantKey(theirs)) {
        throw this.#mismatch(`${describeConstant(own)} is ${describeConstant(theirs)}`);
      }
      return;
    }
    const at = valueNames(this.#graphs[0].inputs).indexOf(name);
    if (at < 0 || this.#graphs[1].inputs[at]?.name !== twin) throw this.#mismatch(`"${name}" is "${twin}"`);
  }

  #pushAll(own: readonly string[], theirs: readonly string[], what: string): void {
    if (own.length !== theirs.length) throw this.#mismatch(`${own.length} ${what} are ${theirs.length}`);
    own.forEach((name, at) => this.#open.push([name, theirs[at] ?? '']));
  }

  #mismatch(where: string): ModelError {
    const [own, theirs] = this.#graphs;
    return new ModelError(
      `models "${own.name}" and "${theirs.name}" are not the same network, ${where} there; ` +
        'interpolate a model and one that was fine-tuned from it',
    );
  }
}

function valueNames(values: readonly ValueInfo[]): readonly string[] {
  return values.map(({ name }) => name);
}

/** Type and shape of a constant, and what a short one that is no weight holds. */
function describeConstant({ dataType, shape, data }: Tensor): string {
  const values = dataType === 'float32' || data.length > 8 ? '' : ` [${data.join(', ')}]`;
  return `${dataType}[${shape.join()}]${values}`;
}

/** What two constants at one place must share: of weights, the shape. */
function constantKey(tensor: Tensor): string {
  return tensor.dataType === 'float32' ? `float32[${tensor.shape.join()}]` : tensorKey(tensor);
}
