import { isLabel } from '@unpair/protocol';
import { expect, test } from 'vitest';
import { readWorkerConfig } from '../src/config.js';
import { engineOf, instructionSet, type EngineFacts } from '../src/engine.js';

const flags = (...names: readonly string[]): string => `processor\t: 0\nflags\t\t: fpu ${names.join(' ')}\n`;

function facts(device: string, detail: string, version = '1.30.0'): EngineFacts {
  const report = { runtime: 'onnxruntime', device, usable: true, detail } as const;
  return { runtime: { name: 'onnxruntime', version, device }, devices: [report] };
}

test('an instruction set is told as far as it changes sums', () => {
  const avx512 = ['avx512f', 'avx512bw', 'avx512dq', 'avx512vl'];
  const names = [['avx', 'avx2', 'fma', ...avx512], ['avx', 'avx2', 'fma', 'avx_vnni'], ['avx', 'avx2'], []];
  expect(names.map((some) => instructionSet(flags(...some)).split(' ')[1])).toEqual([
    ...['avx512', 'avx2', 'avx'],
    process.platform,
  ]);
  expect(instructionSet('')).toBe(`${process.arch} ${process.platform}`);
});

test('an engine stands for runtime, version, device and instruction set, and for no size of memory', () => {
  const cpu = engineOf(facts('cpu', '2 cores of X'), 'x64 avx2');
  expect(cpu).toMatch(/^onnxruntime-cpu-[0-9a-f]{8}$/);
  expect(engineOf(facts('cpu', '64 cores of Y'), 'x64 avx2')).toBe(cpu);
  const others = [
    engineOf(facts('cpu', '2 cores of X'), 'x64 avx512'),
    engineOf(facts('cpu', '2 cores of X', '1.31.0'), 'x64 avx2'),
    engineOf(facts('cuda:0', 'NVIDIA A, 40 GiB of memory'), 'x64 avx2'),
    engineOf(facts('cuda:0', 'NVIDIA B, 40 GiB of memory'), 'x64 avx2'),
    engineOf(facts('webgpu', 'NVIDIA A'), 'x64 avx2'),
  ];
  expect(new Set([cpu, ...others]).size).toBe(6);
  expect(engineOf(facts('cuda:1', 'NVIDIA A, 80 GiB of memory'), 'x64 avx512')).toBe(others[2]);
});

test('label and kinds are checked', () => {
  const given = { UNPAIR_WORKER_ID: 'w', UNPAIR_CACHE_DIR: '/tmp' };
  expect(readWorkerConfig(given)).toMatchObject({ label: 'any', kinds: ['train', 'attack', 'measure'] });
  expect(readWorkerConfig({ ...given, UNPAIR_KINDS: 'measure, attack' }).kinds).toEqual([
    'attack',
    'measure',
  ]);
  expect(() => readWorkerConfig({ ...given, UNPAIR_KINDS: 'attack,cook', UNPAIR_LABEL: 'a_b' })).toThrow(
    /UNPAIR_LABEL is "a_b", but must be 1 to 32 .* UNPAIR_KINDS is "attack,cook", but must be some of train, attack, measure, separated by commas\./,
  );
  expect(['any', 'a-1', 'a'.repeat(32)].every(isLabel)).toBe(true);
  expect(['', '-a', 'a-', 'A', 'a.b', 'a'.repeat(33)].some(isLabel)).toBe(false);
});
