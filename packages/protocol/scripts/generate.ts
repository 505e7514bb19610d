import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const buf = join(root, 'node_modules', '.bin', 'buf');

/** Where the generated code is committed. */
export const generatedFolder = join(root, 'packages', 'protocol', 'src', 'gen');

/**
 * Generates the TypeScript side of proto/: messages with their codecs, gRPC services, and the descriptor set that
 * server reflection answers from. Needs no network.
 */
export function generate(folder: string): void {
  const path = `${join(root, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`;
  const options = { cwd: root, env: { ...process.env, PATH: path }, maxBuffer: 1 << 26 };
  const template = JSON.stringify(bufTemplate(folder));
  execFileSync(buf, ['generate', '--template', template], options);
  const packages = ['--path', 'proto/unpair', '--path', 'proto/inference'];
  const set = execFileSync(buf, ['build', 'proto', ...packages, '--exclude-source-info', '-o', '-'], options);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'descriptor.ts'), descriptorModule(set.toString('base64')));
}

function descriptorModule(base64: string): string {
  const lines = base64.match(/.{1,100}/g) ?? [];
  const text = lines.map((line) => `  '${line}'`).join(' +\n');
  return `/** FileDescriptorSet of the services' protos, base64. */\nexport const descriptorSet =\n${text};\n`;
}

/** Kept here rather than in a file, because the output folder is a parameter: the drift test writes elsewhere. */
function bufTemplate(out: string): unknown {
  return {
    version: 'v2',
    clean: true,
    inputs: [{ directory: 'proto', paths: ['proto/unpair', 'proto/inference', 'proto/google'] }],
    plugins: [
      {
        local: 'protoc-gen-ts_proto',
        out,
        include_imports: true,
        include_wkt: true,
        opt: [
          'env=node',
          'importSuffix=.js',
          'esModuleInterop=true',
          'outputServices=grpc-js',
          'oneof=unions-value',
          'forceLong=number',
          'stringEnums=true',
          'enumsAsLiterals=true',
          'removeEnumPrefix=true',
          'useReadonlyTypes=true',
          'outputJsonMethods=false',
          'outputIndex=false',
          'annotateFilesWithVersion=false',
        ],
      },
    ],
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  generate(generatedFolder);
}
