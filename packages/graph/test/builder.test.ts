import type { Graph } from '@unpair/graph';
import { GraphBuilder } from '@unpair/graph';
import { describe, expect, it } from 'vitest';

describe('GraphBuilder.from', () => {
  it('names no node like one that is there, even when its name is not that of its output', () => {
    const first = new GraphBuilder('renamed');
    first.input('x', 'float32', ['N']);
    first.output(first.node('Relu', ['x']), 'float32', ['N']);
    const { nodes, ...rest } = first.build();
    const renamed: Graph = { ...rest, nodes: nodes.map((node) => ({ ...node, name: 'abs_0' })) };
    const second = GraphBuilder.from(renamed);
    second.node('Abs', ['x']);
    const names = second.build().nodes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
