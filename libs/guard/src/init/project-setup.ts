import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file that `init` writes or changes. */
export interface SetupFile {
  /** Relative to the project. */
  readonly path: string;
  readonly text: string;
}

/** What `init` does in a project, and the lines that a person adds. */
export interface ProjectSetup {
  readonly files: readonly SetupFile[];
  readonly hints: readonly string[];
}

const ESLINT_CONFIGS = ['eslint.config.js', 'eslint.config.mjs', 'eslint.config.ts', 'eslint.config.mts'];
const WORKFLOW = '.github/workflows/migrations.yml';

/** The folder of the migrations: the first one with files named by a timestamp. */
export function findMigrations(root: string): string | undefined {
  const queue = ['.'];
  for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    const isMigrations = /(?:^|\/)migrations?$/.test(folder);
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

function eslintSetup(root: string): ProjectSetup {
  const path = ESLINT_CONFIGS.find((name) => existsSync(join(root, name)));
  if (path === undefined) return { files: [], hints: [] };
  const text = readFileSync(join(root, path), 'utf8');
  if (text.includes('nestjs-backfill-guard/eslint')) return { files: [], hints: [] };
  const start = /^export default (?:\w+(?:\.\w+)?\()?\[?/m.exec(text)?.[0];
  const isList = start !== undefined && /[[(]$/.test(start);
  if (!isList)
    return {
      files: [],
      hints: [
        `${path}: import backfill from 'nestjs-backfill-guard/eslint', and add backfill.configs.recommended to the exported list`,
      ],
    };
  const entry = text.replace(start, `${start}\n  backfill.configs.recommended,`);
  return {
    files: [{ path, text: `import backfill from 'nestjs-backfill-guard/eslint';\n${entry}` }],
    hints: [],
  };
}

function githubSetup(root: string, migrations: string): ProjectSetup {
  if (!existsSync(join(root, '.github')) || existsSync(join(root, WORKFLOW))) return { files: [], hints: [] };
  const install = existsSync(join(root, 'pnpm-lock.yaml'))
    ? 'corepack enable && pnpm install --frozen-lockfile'
    : existsSync(join(root, 'yarn.lock'))
      ? 'yarn install --frozen-lockfile'
      : 'npm ci';
  const text = `name: migrations
on:
  pull_request:
    paths: ['${migrations}/**']
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 22
      - run: ${install}
      - run: ${checkCommand(migrations)} --format github
`;
  return { files: [{ path: WORKFLOW, text }], hints: [] };
}

function gitlabSetup(root: string, migrations: string): ProjectSetup {
  const file = '.gitlab-ci.yml';
  if (!existsSync(join(root, file))) return { files: [], hints: [] };
  if (readFileSync(join(root, file), 'utf8').includes('nestjs-backfill-guard'))
    return { files: [], hints: [] };
  return {
    files: [],
    hints: [
      `${file}: add\n    migrations:\n      image: node:22\n      script:\n        - npm ci\n        - ${checkCommand(migrations)}`,
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

function checkCommand(migrations: string): string {
  return `npx nestjs-backfill-guard check ${migrations}`;
}
