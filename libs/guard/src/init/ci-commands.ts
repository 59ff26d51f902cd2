import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** How continuous integration installs the packages, by the lock file in the folder. */
export function installCommand(folder: string): string {
  if (existsSync(join(folder, 'pnpm-lock.yaml'))) return 'corepack enable && pnpm install --frozen-lockfile';
  return existsSync(join(folder, 'yarn.lock')) ? 'yarn install --frozen-lockfile' : 'npm ci';
}

/** The check of the project's migrations, as a command. */
export function checkCommand(migrations: string): string {
  return `npx nestjs-backfill-guard check ${migrations}`;
}
