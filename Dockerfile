# The example application with the library, compiled; what is shipped holds neither compiler nor sources.
ARG NODE_IMAGE=node:22-slim

FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY package.json package-lock.json ./
COPY libs/backfill/package.json libs/backfill/

FROM manifests AS build
# No dependency has to build or fetch anything to compile this.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.app.json nest-cli.json ./
COPY libs libs
COPY src src
RUN npm run build

FROM manifests AS dependencies
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
# Owned by root: the process can read its own code, not change it.
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/libs/backfill/package.json libs/backfill/package.json
COPY --from=build /app/libs/backfill/dist libs/backfill/dist
COPY --from=build /app/dist dist
COPY package.json ./
COPY --chmod=755 scripts/may-warn.sh scripts/may-warn.sh
USER node
EXPOSE 3000
# Node itself, not npm: a signal must reach the application.
CMD ["node", "dist/main.js"]
