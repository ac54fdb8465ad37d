# The images of the five processes, one target each: docker buildx build --target vault .
#
# Nothing is compiled: Node.js runs TypeScript as it is. Node.js itself is an npm package (package.json), so that the
# lock file pins it with its checksum, and an image runs the very one that the tests run. The base has a C++ runtime,
# certificate authorities and time zones, no shell and no package manager.
#
# Two images that go into these come from elsewhere. They are named by tag here; a release looks up the digest behind each
# tag, builds from that, and the provenance of the image has it on record. BuildKit and the scanner behind the SBOM, which
# are images too, are named in the workflow (docs/releasing.md).
ARG BUILD_IMAGE=docker.io/library/node:24.21.0-bookworm-slim
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:nonroot

# On the platform of the machine that builds, for the platform that is asked for: nothing of the other one is executed.
FROM --platform=$BUILDPLATFORM $BUILD_IMAGE AS install
ARG TARGETARCH
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/root/.npm \
    case "$TARGETARCH" in amd64) cpu=x64 ;; arm64) cpu=arm64 ;; *) echo "no image for $TARGETARCH" >&2; exit 1 ;; esac \
    && npm ci --omit=dev --ignore-scripts --loglevel=error --os=linux --cpu="$cpu"

FROM install AS operator-tree
RUN node tools/production-tree.mjs operator /app

FROM install AS vault-tree
RUN node tools/production-tree.mjs services/vault /app

FROM install AS router-tree
RUN node tools/production-tree.mjs services/router /app

FROM install AS connector-tree
RUN node tools/production-tree.mjs services/connector /app

FROM install AS psp-simulator-tree
RUN node tools/production-tree.mjs services/psp-simulator /app

FROM $BASE_IMAGE AS base
LABEL org.opencontainers.image.source="https://github.com/cofferdam/cofferdam" \
      org.opencontainers.image.licenses="Apache-2.0"
# Where /tmp can be written, a restarted container starts faster and with 20 MB less. All else is read-only.
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/tmp/node-compile-cache
WORKDIR /app
# As the pods say it, for those who run it without one.
USER 65532:65532

FROM base AS operator
COPY --from=operator-tree /app /app
# As `npm run operator` has it: without these V8 lets the heap grow to several times what is in use, and glibc keeps
# what V8's threads have freed.
ENV MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=131072 \
    MALLOC_TRIM_THRESHOLD_=131072
ENTRYPOINT ["/app/node", "--max-semi-space-size=4", "--heap-growing-percent=10", "operator/src/main.ts"]
CMD ["serve"]

FROM base AS vault
COPY --from=vault-tree /app /app
# As `npm run vault` has it, for the same reasons.
ENV MALLOC_ARENA_MAX=2
ENTRYPOINT ["/app/node", "--max-semi-space-size=16", "--heap-growing-percent=60", "services/vault/src/main.ts"]
CMD ["serve"]

FROM base AS router
COPY --from=router-tree /app /app
ENTRYPOINT ["/app/node", "services/router/src/main.ts"]
CMD ["serve"]

FROM base AS connector
COPY --from=connector-tree /app /app
ENTRYPOINT ["/app/node", "services/connector/src/main.ts"]
CMD ["serve"]

FROM base AS psp-simulator
COPY --from=psp-simulator-tree /app /app
ENTRYPOINT ["/app/node", "services/psp-simulator/src/main.ts"]
CMD ["serve"]
