import { describe, expect, it } from 'vitest';
import type { Attributes, Dim } from '@unpair/graph';
import { GraphBuilder, ModelError, inferShapes, int, int64, ints } from '@unpair/graph';

/** Shape of a graph's only result, over one float input. */
function shapeOf(shape: readonly Dim[], grow: (builder: GraphBuilder, x: string) => string): readonly Dim[] {
  const builder = new GraphBuilder('test');
  const result = grow(builder, builder.input('x', 'float32', shape));
  const type = inferShapes(builder.build()).get(result);
  if (type === undefined) throw new Error(`no type for ${result}`);
  return type.shape;
}

function single(op: string, shape: readonly Dim[], attributes: Attributes = {}): readonly Dim[] {
  return shapeOf(shape, (builder, x) => builder.node(op, [x], attributes));
}

describe('sizes known only at run time', () => {
  it('keep their names through products and quotients', () => {
    expect(single('Flatten', ['N', 16, 4, 4])).toEqual(['N', 256]);
    expect(single('Flatten', ['N', 16, 4], { axis: int(2) })).toEqual(['16*N', 4]);
    const folded = shapeOf(['N', 16, 4], (b, x) => {
      const flat = b.node('Reshape', [x, b.vector([-1, 4])]);
      return b.node('Reshape', [flat, b.vector([-1, 16, 4])]);
    });
    expect(folded).toEqual(['N', 16, 4]);
  });

  it('get equal names for equal expressions', () => {
    const branch = shapeOf(['N', 3, 'H', 'W'], (b, x) => {
      const pool = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
      return b.node('Concat', [b.node('MaxPool', [x], pool), b.node('AveragePool', [x], pool)], {
        axis: int(1),
      });
    });
    expect(branch).toEqual(['N', 6, '(floor((H-2)/2)+1)', '(floor((W-2)/2)+1)']);
  });

  it('come back unchanged from a same-size window', () => {
    const same = { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) };
    expect(single('MaxPool', ['N', 3, 'H', 8], same)).toEqual(['N', 3, 'H', 8]);
  });

  it('broadcast against sizes of 1 and win against nothing', () => {
    const sum = (a: readonly Dim[], b: readonly Dim[]): readonly Dim[] =>
      shapeOf(a, (builder, x) => builder.node('Add', [x, builder.input('y', 'float32', b)]));
    expect(sum(['N', 3], [1, 3])).toEqual(['N', 3]);
    expect(sum(['N', 1], ['N', 5])).toEqual(['N', 5]);
    expect(sum(['N'], ['M', 4, 1])).toEqual(['M', 4, 'N']);
    expect(sum(['N'], [7])).toEqual([7]);
    expect(sum(['N'], ['M'])).toEqual(['max(M,N)']);
  });
});

describe('the chains that exporters write for shapes', () => {
  it('are followed: view(x.size(0), -1)', () => {
    const shape = shapeOf(['N', 8, 2, 2], (b, x) => {
      const batch = b.node('Gather', [b.node('Shape', [x]), b.initializer('zero', int64([], [0]))]);
      const target = b.node('Concat', [b.node('Unsqueeze', [batch, b.vector([0])]), b.vector([-1])], {
        axis: int(0),
      });
      return b.node('Reshape', [x, target]);
    });
    expect(shape).toEqual(['N', 32]);
  });

  it('are followed: expand(-1 means the size it has)', () => {
    const shape = shapeOf(['N', 1, 4], (b, x) => {
      const wanted = b.vector([-1, 6, -1]);
      const sizes = b.node('Shape', [x]);
      const ones = b.node('ConstantOfShape', [b.vector([3])], {
        value: { kind: 'tensor', value: int64([1], [1]) },
      });
      const minus = b.node('Mul', [ones, b.vector([-1])]);
      const target = b.node('Where', [b.node('Equal', [wanted, minus]), sizes, wanted]);
      return b.node('Expand', [x, target]);
    });
    expect(shape).toEqual(['N', 6, 4]);
  });

  it('are followed: arithmetic on sizes', () => {
    const shape = shapeOf(['N', 12, 5], (b, x) => {
      const channels = b.node('Slice', [b.node('Shape', [x]), b.vector([1]), b.vector([2])]);
      const half = b.node('Div', [channels, b.vector([2])]);
      const target = b.node('Concat', [b.vector([0, 2]), half, b.vector([-1])], { axis: int(0) });
      return b.node('Reshape', [x, target]);
    });
    expect(shape).toEqual(['N', 2, 6, 5]);
  });
});

describe('nodes that make no sense', () => {
  const message = (grow: (builder: GraphBuilder, x: string) => string): string => {
    try {
      shapeOf([2, 3, 8, 8], grow);
    } catch (error) {
      if (error instanceof ModelError) return error.message;
      throw error;
    }
    return 'accepted';
  };

  it.each([
    [(b: GraphBuilder, x: string) => b.node('Add', [x, b.input('y', 'float32', [5])]), 'cannot broadcast'],
    [(b: GraphBuilder, x: string) => b.node('Reshape', [x, b.vector([7, -1])]), 'cannot reshape'],
    [(b: GraphBuilder, x: string) => b.node('Reshape', [x, b.vector([-1, -1])]), 'cannot reshape'],
    [(b: GraphBuilder, x: string) => b.node('Squeeze', [x, b.vector([1])]), 'not of size 1'],
    [(b: GraphBuilder, x: string) => b.node('Softmax', ['missing', x]), 'nothing defines'],
    [(b: GraphBuilder, x: string) => b.node('Quux', [x]), 'operator Quux, which is not supported'],
    [(b: GraphBuilder, x: string) => b.node('Transpose', [x], { perm: ints([0, 1]) }), 'perm'],
    [(b: GraphBuilder, x: string) => b.node('MaxPool', [x], { kernel_shape: ints([9, 9]) }), 'does not fit'],
    [(b: GraphBuilder, x: string) => b.node('Gemm', [x, x]), 'expected two matrices'],
    [
      (b: GraphBuilder, x: string) => b.node('Conv', [x, b.input('w', 'float32', [4, 2, 3, 3])]),
      'filter of shape',
    ],
    [
      (b: GraphBuilder, x: string) => b.node('Split', [x, b.vector([1, 1])], { axis: int(1) }),
      'splits a size of 3',
    ],
    [(b: GraphBuilder, x: string) => b.node('ReduceSum', [x, b.vector([4])]), 'axis 4'],
    [
      (b: GraphBuilder, x: string) => b.node('Concat', [x, b.input('y', 'float32', [2, 3, 9, 8])]),
      'cannot join',
    ],
  ])('are named in one sentence (%#)', (grow, complaint) => {
    expect(message(grow)).toMatch(/^node "\w*" /);
    expect(message(grow)).toContain(complaint);
  });
});
