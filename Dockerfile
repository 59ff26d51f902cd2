# The example application with the library, compiled. The final image holds neither a compiler nor sources.
ARG NODE_IMAGE=node:22-slim

FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY package.json package-lock.json ./
COPY libs/sql/package.json libs/sql/
COPY libs/backfill/package.json libs/backfill/
COPY libs/dashboard/package.json libs/dashboard/
COPY libs/guard/package.json libs/guard/

FROM manifests AS build
# Compiling needs no install script of a dependency.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.app.json nest-cli.json ./
COPY libs libs
COPY src src
RUN npm run build

FROM manifests AS dependencies
# The guard and its parser are needed at review time only, and stay out of the image.
RUN npm ci --omit=dev --ignore-scripts --include-workspace-root \
    --workspace nestjs-backfill --workspace nestjs-backfill-sql && npm cache clean --force

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
# Root owns the code: the process can read it and cannot change it.
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/libs/sql/package.json libs/sql/package.json
COPY --from=build /app/libs/sql/dist libs/sql/dist
COPY --from=build /app/libs/backfill/package.json libs/backfill/package.json
COPY --from=build /app/libs/backfill/dist libs/backfill/dist
COPY --from=build /app/dist dist
COPY package.json ./
COPY --chmod=755 scripts/may-warn.sh scripts/may-warn.sh
USER node
EXPOSE 3000
# Node.js itself, not npm, so that signals reach the application.
CMD ["node", "dist/main.js"]
