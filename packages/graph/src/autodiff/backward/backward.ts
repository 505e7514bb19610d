import type { Graph, Node } from '../../graph.js';
import { DerivativeError } from '../derivative-error.js';
import type { GradientRule } from '../rule.js';
import { residualBranches } from './residual.js';
import { decayed, passedRelu, smoothRelu, softMaxPool } from './rules.js';

/** Ways to take a gradient other than the derivative, for surrogates; the model itself computes what it did. */
export type Backward =
  /** Skip gradient method (Wu et al. 2020, arXiv 2002.05990): residual branches pass on a share, `decay`, of theirs. */
  | { readonly rule: 'sgm'; readonly decay: number }
  /** Linear backpropagation (Guo et al. 2020, arXiv 2012.03528): rectifiers beyond `from` are passed, at the length that their derivative has. */
  | { readonly rule: 'linbp'; readonly from: number }
  /**
   * Backward propagation attack (Wang et al. 2023, arXiv 2306.15931): rectifiers beyond `from` have the slope of a SiLU, and
   * each max-pool is shared out among its window by a softmax of that temperature.
   */
  | { readonly rule: 'bpa'; readonly from: number; readonly temperature: number };

/** The nodes, by their first output, whose derivative is another, and which. */
export type RuleChanges = ReadonlyMap<string, GradientRule>;

/**
 * What a way changes in a graph. `from` is a share of the rectifiers, counted from the input: 0 is all of them.
 * @throws {DerivativeError} when it would change nothing: the sentence says what the graph lacks
 */
export function ruleChanges(graph: Graph, backward: Backward): RuleChanges {
  const changes = new Map(changesOf(graph, backward));
  if (changes.size > 0) return changes;
  const lacking = backward.rule === 'sgm' ? 'no residual branches' : 'no rectifiers that it could pass';
  throw new DerivativeError(`model "${graph.name}" has ${lacking}, so that ${backward.rule} changes nothing`);
}

function changesOf(graph: Graph, backward: Backward): readonly (readonly [string, GradientRule])[] {
  switch (backward.rule) {
    case 'sgm':
      return [...residualBranches(graph)].map(([sum, branch]) => [sum, decayed(branch, backward.decay)]);
    case 'linbp':
      return rectifiers(graph, backward.from).map((node) => [outputOf(node), passedRelu]);
    case 'bpa': {
      const pools = graph.nodes.filter(({ op, domain }) => domain === '' && op === 'MaxPool');
      return [
        ...rectifiers(graph, backward.from).map((node) => [outputOf(node), smoothRelu] as const),
        ...pools.map((node) => [outputOf(node), softMaxPool(backward.temperature)] as const),
      ];
    }
  }
}

/** Nodes that cut what is below 0, the first share of them left out. */
function rectifiers({ nodes, initializers }: Graph, from: number): readonly Node[] {
  const all = nodes.filter(({ op, domain, inputs: [, low = ''] }) => {
    if (domain !== '') return false;
    return op === 'Relu' || (op === 'Clip' && Number(initializers.get(low)?.data[0]) === 0);
  });
  return all.slice(Math.round(from * all.length));
}

function outputOf({ outputs: [first = ''] }: Node): string {
  return first;
}
