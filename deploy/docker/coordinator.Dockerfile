# docker build -f deploy/docker/coordinator.Dockerfile -t unpair/coordinator .
FROM node:20-slim AS build
WORKDIR /build
COPY . .
RUN npm ci && npm run build

# Only what this service needs at run time: its own dependencies, no tools.
FROM node:20-slim AS dependencies
WORKDIR /build
COPY --from=build /build/package.json /build/package-lock.json /build/.npmrc ./
COPY --from=build /build/packages ./packages
COPY --from=build /build/services/coordinator ./services/coordinator
RUN npm ci --omit=dev --workspace services/coordinator \
  && find packages services -type d -name src -prune -exec rm -r {} +

FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /build ./
COPY --from=build /build/proto ./proto
# A number, so that Kubernetes can tell that it is not root.
USER 10001:10001
EXPOSE 50051 9464
# No shell and no npm in between: signals reach the service.
CMD ["node", "services/coordinator/dist/main.js"]
