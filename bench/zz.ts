// profile
import * as ort from 'onnxruntime-node';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { CASES } from './engine/cases.js';
import { LABELS, encodeModel, float32, foldBatchNormalization, foldConstants, lossAndInputGradient, sizeOf } from '@unpair/graph';
import { lowerConvolutions } from '../packages/runtime/src/onnxruntime/blocked/lower-convolutions.js';
import { probeBlockSize } from '../packages/runtime/src/onnxruntime/blocked/block-size.js';
const [name, what = 'gradient'] = process.argv.slice(2);
const c = CASES.find((x) => x.name === name)!;
const step = what === 'training' ? (await import('@unpair/robustness')).buildTrainingStep(c.build(), c.batch, {}) : undefined;
const folded = foldConstants(foldBatchNormalization(c.build()));
const g = step ? step.graph : what === 'gradient' ? lossAndInputGradient(folded, 'cross-entropy').graph : folded;
const block = (await probeBlockSize())!;
console.log('block', block);
const low = lowerConvolutions(g, block);
const noise = (shape: number[]) => new ort.Tensor('float32', new Float32Array(sizeOf(shape)).map((_, i) => (i * 0.618034) % 1), shape);
const feeds: Record<string, ort.Tensor> = { input: noise([c.batch, 3, c.side, c.side]) };
if (what !== 'forward') { const l = new Float32Array(c.batch * c.classes); for (let i = 0; i < c.batch; i++) l[i * c.classes + (i % c.classes)] = 1; feeds[LABELS] = new ort.Tensor('float32', l, [c.batch, c.classes]); }
if (step) for (const { name } of step.weights) { const t = c.build().initializers.get(name)!; feeds[name] = new ort.Tensor('float32', t.data as Float32Array, t.shape); }
const s = await ort.InferenceSession.create(encodeModel(low), { graphOptimizationLevel: 'all', intraOpNumThreads: 1, interOpNumThreads: 1, enableProfiling: true, profileFilePrefix: '/tmp/engdbg/prof', optimizedModelFilePath: '/tmp/engdbg/opt.onnx', logSeverityLevel: 4, extra: { session: { intra_op: { allow_spinning: '0' } } } } as never);
for (let i = 0; i < 6; i++) { const t = performance.now(); await s.run(feeds); console.log('ms', (performance.now() - t).toFixed(1)); }
s.endProfiling();
