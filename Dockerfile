# syntax=docker/dockerfile:1
# One image for all platforms, by digest: what is built does not change until this
# line does. Dependabot proposes newer ones.
FROM golang:1.26.8@sha256:3c3e25a4da13fd0478eed2df1eb35a0e667094a7124d3993a6a1d30f71c17e79 AS build
WORKDIR /src
COPY go.mod go.sum go.work ./
COPY client/go.mod ./client/
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
# What the binary says of itself: there is no git here to ask. See the Makefile.
ARG VERSION= COMMIT= DATE=
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    VERSION=$VERSION COMMIT=$COMMIT DATE=$DATE scripts/build /out/latchkey
# The folders that the binary writes to, which the empty final stage cannot make.
RUN mkdir -p /out/data /out/tmp

FROM scratch
LABEL org.opencontainers.image.title="Latchkey" \
      org.opencontainers.image.description="API-key management for third-party integrations" \
      org.opencontainers.image.licenses="MIT"
# To verify the certificates of databases and identity providers.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp
COPY --from=build /out/latchkey /latchkey
USER 65532:65532
ENV LATCHKEY_DATABASE_URL=sqlite:/data/latchkey.db \
    LATCHKEY_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s CMD ["/latchkey", "healthcheck"]
ENTRYPOINT ["/latchkey"]
CMD ["serve"]
