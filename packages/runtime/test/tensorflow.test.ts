import { createRuntime } from '@unpair/runtime';
import { runtimeConformance } from './conformance/conformance.js';

runtimeConformance('tensorflow', () => createRuntime('tensorflow', { backend: 'wasm' }));
