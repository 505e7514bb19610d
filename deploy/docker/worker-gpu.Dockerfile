# docker build -f deploy/docker/worker-gpu.Dockerfile -t unpair/worker-gpu .
#
# A worker for NVIDIA GPUs with CUDA 12 (driver 525 or later). Two runtimes, both larger than an npm package may be:
# onnxruntime's CUDA provider, which its install script fetches, and TensorFlow's library from its wheel, against which
# scripts/build-tfjs-binding compiles the binding of TensorFlow.js. docs/gpus.md says which is used when.
#
# CUDA_IMAGE          base with the CUDA 12 and cuDNN 9 libraries that both link to
# TENSORFLOW_VERSION  version of the wheel
# TFJS_VERSION        version of @tensorflow/tfjs-node-gpu, an optional peer of packages/runtime
ARG CUDA_IMAGE=nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04

FROM node:20-slim AS build
WORKDIR /build
COPY . .
RUN npm ci && npm run build

FROM python:3.12-slim AS tensorflow
ARG TENSORFLOW_VERSION=2.21.0
# CUDA comes with the base image; of the wheel's Python dependencies none is needed.
RUN pip install --no-cache-dir --no-deps --target /opt/tensorflow tensorflow==${TENSORFLOW_VERSION}

FROM node:20 AS dependencies
ARG TFJS_VERSION=4.22.0
WORKDIR /build
COPY --from=build /build/package.json /build/package-lock.json /build/.npmrc ./
COPY --from=build /build/packages ./packages
COPY --from=build /build/services/worker ./services/worker
COPY --from=build /build/scripts/build-tfjs-binding ./scripts/
COPY --from=tensorflow /opt/tensorflow /opt/tensorflow
# The one package whose install script runs: the others carry their binaries.
RUN npm ci --omit=dev --workspace services/worker \
  && ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild --ignore-scripts=false onnxruntime-node \
  && npm install --no-save --omit=dev --ignore-scripts @tensorflow/tfjs-node-gpu@${TFJS_VERSION} \
  && scripts/build-tfjs-binding --gpu --copy --site-packages /opt/tensorflow \
  && rm -r scripts \
  && find packages services -type d -name src -prune -exec rm -r {} +

FROM ${CUDA_IMAGE}
ENV NODE_ENV=production
# TensorFloat-32 rounds to 10 bits of mantissa, which gradients near a decision boundary do not survive.
ENV NVIDIA_TF32_OVERRIDE=0
WORKDIR /app
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=dependencies /build ./
COPY --from=build /build/proto ./proto
USER 10001:10001
EXPOSE 50051 9464
CMD ["node", "services/worker/dist/main.js"]
