# docker build -f deploy/docker/worker-gpu.Dockerfile -t unpair/worker-gpu .
#
# TFJS_VERSION  version of @tensorflow/tfjs-node-gpu, an optional peer of packages/runtime. Its install script downloads
#               some 400 MB of native libraries for CUDA 11, which is why no other image and no ordinary install has it.
# CUDA_IMAGE    base with the CUDA 11 and cuDNN 8 libraries that it links to.
ARG CUDA_IMAGE=nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04

FROM node:20-slim AS build
WORKDIR /build
COPY . .
RUN npm ci && npm run build

FROM node:20 AS dependencies
ARG TFJS_VERSION=4.22.0
WORKDIR /build
COPY --from=build /build/package.json /build/package-lock.json /build/.npmrc ./
COPY --from=build /build/packages ./packages
COPY --from=build /build/services/worker ./services/worker
# The one package whose install script runs: the others carry their binaries.
RUN npm ci --omit=dev --workspace services/worker \
  && npm install --no-save --omit=dev --ignore-scripts @tensorflow/tfjs-node-gpu@${TFJS_VERSION} \
  && npm rebuild --ignore-scripts=false @tensorflow/tfjs-node-gpu \
  && find packages services -type d -name src -prune -exec rm -r {} +

FROM ${CUDA_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=dependencies /build ./
COPY --from=build /build/proto ./proto
USER 10001:10001
EXPOSE 50051 9464
CMD ["node", "services/worker/dist/main.js"]
