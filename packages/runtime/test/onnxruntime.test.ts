import { createOnnxRuntime } from '@unpair/runtime';
import { runtimeConformance } from './conformance/conformance.js';

runtimeConformance('onnxruntime', createOnnxRuntime);
