import { UnpairError } from '@unpair/errors';
import type { Dim, Tensors, ValueInfo } from '@unpair/graph';
import { ELEMENT_ARRAYS, sizeOf } from '@unpair/graph';

/**
 * Checks feeds against a graph's inputs before native code sees them: every input fed, nothing else fed, element
 * types, ranks and sizes as declared, and every named dimension (the batch) of one size throughout.
 *
 * @throws {UnpairError} one sentence naming the graph, the input, what was fed and what is allowed.
 */
export function checkFeeds(graphName: string, inputs: readonly ValueInfo[], feeds: Tensors): void {
  const bound = new Map<string, number>();
  for (const input of inputs) checkFeed(graphName, input, feeds, bound);
  const known = new Set(inputs.map(({ name }) => name));
  for (const name of Object.keys(feeds)) {
    if (!known.has(name)) {
      throw new UnpairError(
        'FAILED_PRECONDITION',
        `graph "${graphName}" has no input "${name}"; its inputs are: ${[...known].join(', ') || 'none'}`,
      );
    }
  }
}

function checkFeed(graphName: string, input: ValueInfo, feeds: Tensors, bound: Map<string, number>): void {
  const where = `input "${input.name}" of graph "${graphName}"`;
  const feed = feeds[input.name];
  if (feed === undefined) throw new UnpairError('FAILED_PRECONDITION', `${where} is not fed`);
  if (feed.dataType !== input.dataType) {
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `${where} takes ${input.dataType}, but was fed ${feed.dataType}`,
    );
  }
  const array = ELEMENT_ARRAYS[feed.dataType].name;
  if (feed.data.constructor.name !== array) {
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `${where} takes ${feed.dataType} in a ${array}, but was fed a ${feed.data.constructor.name}`,
    );
  }
  if (feed.data.length !== sizeOf(feed.shape)) {
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `${where} was fed ${feed.data.length} elements for shape ${shapeText(feed.shape)}, which holds ${sizeOf(feed.shape)}`,
    );
  }
  if (!shapeFits(input.shape, feed.shape, bound)) {
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `${where} takes shape ${shapeText(input.shape)}, but was fed ${shapeText(feed.shape)}${boundText(input.shape, bound)}`,
    );
  }
}

function shapeFits(declared: readonly Dim[], actual: readonly number[], bound: Map<string, number>): boolean {
  if (declared.length !== actual.length) return false;
  return declared.every((dim, axis) => {
    const size = actual[axis] ?? -1;
    if (typeof dim === 'number') return dim === size;
    const known = bound.get(dim);
    if (known === undefined) bound.set(dim, size);
    return known === undefined || known === size;
  });
}

function boundText(declared: readonly Dim[], bound: ReadonlyMap<string, number>): string {
  const known = declared.flatMap((dim) =>
    typeof dim === 'string' && bound.has(dim) ? [`${dim} = ${bound.get(dim) ?? ''}`] : [],
  );
  return known.length === 0 ? '' : ` where ${known.join(', ')}`;
}

function shapeText(shape: readonly Dim[]): string {
  return `[${shape.join(', ')}]`;
}
