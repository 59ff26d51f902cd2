import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkCommand, installCommand } from './ci-commands.js';
import { eslintSetup } from './eslint-setup.js';
import { githubSetup } from './github-setup.js';
import type { ProjectSetup } from './setup.types.js';

/** The folder of the migrations: the first one with files named by a timestamp. */
export function findMigrations(root: string): string | undefined {
  const queue = ['.'];
  for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    const isMigrations = /(?:^|\/)[\w-]*migrations?(?:\/|$)/i.test(folder);
    if (
      isMigrations &&
      entries.some((entry) => entry.isFile() && /^\d{10,}.*\.(?:[cm]?[jt]s|sql)$/.test(entry.name))
    )
      return folder;
    for (const entry of entries)
      if (entry.isDirectory() && !/^(?:node_modules|dist|build|coverage|\..*)$/.test(entry.name))
        queue.push(folder === '.' ? entry.name : `${folder}/${entry.name}`);
  }
  return undefined;
}

/** The entries of ESLint and of continuous integration for a project. */
export function projectSetup(root: string, migrations: string): ProjectSetup {
  const parts = [
    eslintSetup(root),
    githubSetup(root, migrations),
    gitlabSetup(root, migrations),
    hookSetup(root, migrations),
  ];
  return { files: parts.flatMap(({ files }) => files), hints: parts.flatMap(({ hints }) => hints) };
}

function gitlabSetup(root: string, migrations: string): ProjectSetup {
  const file = '.gitlab-ci.yml';
  if (!existsSync(join(root, file))) return { files: [], hints: [] };
  if (readFileSync(join(root, file), 'utf8').includes('nestjs-backfill-guard'))
    return { files: [], hints: [] };
  return {
    files: [],
    hints: [
      `${file}: add\n    migrations:\n      image: node:22\n      script:\n        - ${installCommand(root)}\n        - ${checkCommand(migrations)}`,
    ],
  };
}

function hookSetup(root: string, migrations: string): ProjectSetup {
  const husky = '.husky/pre-commit';
  const framework = '.pre-commit-config.yaml';
  const hints: string[] = [];
  const lacks = (file: string): boolean =>
    existsSync(join(root, file)) && !readFileSync(join(root, file), 'utf8').includes('nestjs-backfill-guard');
  if (lacks(husky)) hints.push(`${husky}: add ${checkCommand(migrations)} --strict-baseline`);
  if (lacks(framework))
    hints.push(
      `${framework}: add\n    - repo: local\n      hooks:\n        - id: migrations\n          name: data changes in migrations\n          entry: ${checkCommand(migrations)}\n          language: system\n          files: ^${migrations}/\n          pass_filenames: false`,
    );
  return { files: [], hints };
}
