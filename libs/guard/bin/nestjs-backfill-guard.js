#!/usr/bin/env node
// A file of the repository, unlike dist: npm links the commands of a workspace at `npm ci`, before the build.
import { existsSync } from 'node:fs';

const command = new URL('../dist/cli/bin.js', import.meta.url);
if (existsSync(command)) {
  await import(command.href);
} else {
  console.error('nestjs-backfill-guard is not built yet: run `npm run build:lib` in the repository first.');
  process.exitCode = 2;
}
