import { loadFileDescriptorSetFromBuffer, type PackageDefinition } from '@grpc/proto-loader';
import { descriptorSet } from './gen/descriptor.js';

/** Descriptors of our services in the form that gRPC server reflection answers from. */
export function reflectionPackage(): PackageDefinition {
  return loadFileDescriptorSetFromBuffer(Buffer.from(descriptorSet, 'base64'));
}
