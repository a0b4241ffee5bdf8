# Two images: `service` (gateway, API, merge, migrations, backup), which has no torch, and `worker` (extract), which has the
# model's packages. What changes seldom stands first: one changed line of code makes one layer of some MB anew.
# Secrets come at run time, never at build time.
#
# Whoever wants the same bytes for ever names base images by digest: NAME:TAG@sha256:...
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG NODE_IMAGE=node:22-bookworm-slim
ARG POSTGRES_IMAGE=postgres:17-bookworm

FROM ${NODE_IMAGE} AS graphiql
WORKDIR /build
COPY tools/graphiql .
RUN npm ci --ignore-scripts && mkdir out && node bundle.mjs out

# pg_dump and pg_restore of the server's own version, for `vlmkg backup`, with the libraries that they bring along. Both
# images are of one Debian release: the C library is that of the image where they run.
FROM ${POSTGRES_IMAGE} AS postgres-client
RUN set -eu; programs=/client/lib/postgresql-client; mkdir -p $programs /client/bin; \
    for name in pg_dump pg_restore; do \
        cp /usr/lib/postgresql/*/bin/$name $programs/; \
        ldd $programs/$name | awk '$3 ~ "^/" && $1 !~ "^lib(c|m|dl|rt|pthread)[.]so" {print $3}' | xargs -I{} cp -n {} $programs/; \
        printf '#!/bin/sh\nLD_LIBRARY_PATH=/usr/local/lib/postgresql-client exec /usr/local/lib/postgresql-client/%s "$@"\n' $name \
            >/client/bin/$name; \
    done; chmod 755 /client/bin/*

FROM ${PYTHON_IMAGE} AS uv
RUN --mount=type=bind,source=requirements/uv.txt,target=/tmp/uv.txt \
    pip install --no-cache-dir --require-hashes -r /tmp/uv.txt && install -D "$(command -v uv)" /out/uv

FROM ${PYTHON_IMAGE} AS code
WORKDIR /code
COPY vlmkg vlmkg
COPY graph graph
COPY ingest ingest
COPY api api
COPY training training
COPY stack stack
# Once here, and not in each process of a read-only container.
RUN python -m compileall -q --invalidation-mode unchecked-hash .

FROM ${PYTHON_IMAGE} AS base
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin vlmkg \
    && install -d -o vlmkg -g vlmkg -m 700 /data /backups
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/app VLMKG_DATA=/data
WORKDIR /app
VOLUME /data

FROM base AS service-environment
ARG UV_NO_CACHE=1
ARG UV_LINK_MODE=copy
ARG UV_COMPILE_BYTECODE=1
RUN --mount=type=bind,from=uv,source=/out/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=requirements/service.txt,target=/tmp/service.txt \
    uv venv .venv && uv pip install --require-hashes -r /tmp/service.txt

# TORCH=locked: the wheels of the lock file, which hold CUDA. TORCH=cpu: those without it, of the same version, from the
# index that uv knows, or from a mirror of yours (TORCH_INDEX). That index is in no lock file: these two have no hash here.
FROM service-environment AS model-environment
ARG UV_NO_CACHE=1
ARG UV_LINK_MODE=copy
ARG UV_COMPILE_BYTECODE=1
ARG TORCH=locked
ARG TORCH_INDEX=
RUN --mount=type=bind,from=uv,source=/out/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=requirements/model.txt,target=/tmp/model.txt \
    set -eu; case "$TORCH" in \
        locked) uv pip install --require-hashes -r /tmp/model.txt ;; \
        cpu) \
            grep -oE '^(torch|torchvision|triton|cuda-[a-z0-9-]+|nvidia-[a-z0-9-]+)==' /tmp/model.txt | tr -d = >/tmp/cuda.txt; \
            uv pip install --require-hashes --excludes /tmp/cuda.txt -r /tmp/model.txt; rm /tmp/cuda.txt; \
            if [ -n "$TORCH_INDEX" ]; then set -- --default-index "$TORCH_INDEX"; else set -- --torch-backend cpu; fi; \
            uv pip install --no-deps "$@" $(grep -oE '^torch(vision)?==[0-9.]+' /tmp/model.txt) ;; \
        *) echo "TORCH is $TORCH: set it to locked or cpu" >&2; exit 1 ;; \
    esac

FROM model-environment AS worker
# What reads where no engine is named (docs/decisions/0085-what-reads-by-default.md).
COPY checkpoints checkpoints
COPY pyproject.toml README.md LICENSE ./
# Command and version alone; the packages are copied last.
RUN --mount=type=bind,from=uv,source=/out/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=requirements/build.txt,target=/tmp/build.txt \
    UV_NO_CACHE=1 UV_LINK_MODE=copy uv pip install --no-deps --build-constraints /tmp/build.txt -e .
COPY --from=code /code .
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="VLM-KG worker" \
    org.opencontainers.image.description="Reads radiology reports and films." \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
ENV VLMKG_READY_FILE=/tmp/worker.ready
# By number: where a platform asks that it is not root, it looks at this alone.
USER 10001
CMD ["vlmkg", "worker", "--queue", "extract"]

# The last target is what `docker build .` makes.
FROM service-environment AS service
COPY --from=postgres-client /client /usr/local
RUN pg_dump --version && pg_restore --version
COPY --from=graphiql /build/out vendor/graphiql
COPY pyproject.toml README.md LICENSE ./
# Command and version alone; the packages are copied last.
RUN --mount=type=bind,from=uv,source=/out/uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=requirements/build.txt,target=/tmp/build.txt \
    UV_NO_CACHE=1 UV_LINK_MODE=copy uv pip install --no-deps --build-constraints /tmp/build.txt -e .
COPY --from=code /code .
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="VLM-KG service" \
    org.opencontainers.image.description="Receives radiology studies, merges them into the graph, and answers questions." \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
ENV VLMKG_API_HOST=0.0.0.0 VLMKG_API_PORT=8000
EXPOSE 8000
USER 10001
CMD ["vlmkg", "api"]
