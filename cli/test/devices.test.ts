import { expect, test } from 'vitest';
import { requestedDevice } from '../src/commands/device-options.js';
import { runOk } from './run-cli.js';

test('devices: the CPU is always there, and every other device has a reason', async () => {
  const { stdout } = await runOk(['devices', '--device', 'cpu']);
  expect(stdout).toMatch(/^cpu +onnxruntime +yes +\d+ cores? of /m);
  expect(stdout).toMatch(/^cuda +tensorflow +no +not tried, since the CPU was asked for$/m);
  expect(stdout).toContain('a worker here computes on cpu with onnxruntime');
});

test('an option goes before its variable; empty variables count as absent', () => {
  const environment = { UNPAIR_RUNTIME: 'tensorflow', UNPAIR_DEVICE: '' };
  expect(requestedDevice({}, environment)).toEqual({ runtime: 'tensorflow', device: 'auto' });
  expect(requestedDevice({ runtime: 'onnxruntime', device: 'cuda:1' }, environment)).toEqual({
    runtime: 'onnxruntime',
    device: 'cuda:1',
  });
});

test.each([
  [{ device: 'tpu' }, '--device is "tpu", but must be auto, cpu, cuda, cuda:N or webgpu'],
  [{ runtime: 'torch' }, '--runtime is "torch", but must be one of auto, onnxruntime, tensorflow'],
])('%o is refused in one sentence', (options, message) => {
  expect(() => requestedDevice(options, {})).toThrow(message);
});

test('a variable that is wrong is refused by its name', () => {
  expect(() => requestedDevice({}, { UNPAIR_DEVICE: 'gpu' })).toThrow(
    'UNPAIR_DEVICE is "gpu", but must be auto, cpu, cuda, cuda:N or webgpu',
  );
});
