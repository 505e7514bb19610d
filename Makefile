# The two commands of the README; each does all of its own set-up on a bare machine.
SHELL := /bin/bash
UNPAIR := node cli/dist/main.js

.PHONY: quickstart test lint typecheck format format-check build setup images package sbom clean

quickstart: setup
	$(UNPAIR) run examples/quickstart.yaml --workers 2 --out runs/quickstart

test: setup
	npx vitest run --reporter=default --reporter=json --outputFile.json=.cache/test-report.json

lint: setup
	npm run lint

typecheck: setup
	npx tsc -p tsconfig.check.json

format:
	npm run format

format-check: setup
	npm run format:check

build: node_modules/.installed
	npm run --silent build

# Everything that the tests and the quickstart need: packages, a nats-server, compiled services, data.
setup: build data
	@scripts/ensure-nats-server

data: build
	@$(UNPAIR) data fetch cifar10

node_modules/.installed: package.json package-lock.json
	npm ci
	@touch $@

# The images of all services, tagged REGISTRY/NAME:VERSION; PUSH=1 publishes them too.
REGISTRY ?= unpair
VERSION = $(shell node -p "require('./package.json').version")
IMAGES ?= coordinator worker worker-gpu

images:
	@for image in $(IMAGES); do \
	  docker buildx build --file deploy/docker/Dockerfile --target $$image \
	    --tag $(REGISTRY)/$$image:$(VERSION) $(if $(PUSH),--push,--load) . || exit 1; \
	done

# One tarball of all, and a campaign run with it as installed in an empty folder.
package: setup
	npm run --silent pack
	scripts/check-package

# What is installed with it, as CycloneDX.
sbom: node_modules/.installed
	@mkdir -p dist
	npm sbom --omit=dev --sbom-format cyclonedx > dist/sbom.json

clean:
	rm -rf node_modules runs packages/*/dist services/*/dist cli/dist
