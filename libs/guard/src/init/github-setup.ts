import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { checkCommand, installCommand } from './ci-commands.js';
import type { ProjectSetup } from './setup.types.js';

const WORKFLOW = '.github/workflows/migrations.yml';

/** The workflow of GitHub, in the root of the repository: the project may be a package in it. */
export function githubSetup(root: string, migrations: string): ProjectSetup {
  const repository = repositoryOf(root);
  const isOnGithub = existsSync(join(repository, '.github')) || hasGithubRemote(repository);
  if (!isOnGithub || existsSync(join(repository, WORKFLOW))) return { files: [], hints: [] };
  const path = join(relative(root, repository), WORKFLOW);
  const project = relative(repository, root).replaceAll('\\', '/');
  return { files: [{ path, text: workflow(root, { repository, project, migrations }) }], hints: [] };
}

/** The folder with `.git`, or the project without one. */
function repositoryOf(root: string): string {
  for (let folder = root; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
    if (folder === dirname(folder)) return root;
  }
}

function hasGithubRemote(repository: string): boolean {
  try {
    return /^\s*url\s*=.*\bgithub\.com\b/m.test(readFileSync(join(repository, '.git', 'config'), 'utf8'));
  } catch {
    return false;
  }
}

interface Place {
  readonly repository: string;
  /** The folder of the project in the repository; empty for its root. */
  readonly project: string;
  readonly migrations: string;
}

function workflow(root: string, { repository, project, migrations }: Place): string {
  const hasOwnLock = LOCKS.some((lock) => existsSync(join(root, lock)));
  const inProject = project === '' ? '' : `\n        working-directory: ${project}`;
  const install = hasOwnLock
    ? `${installCommand(root)}${inProject}`
    : installCommand(project === '' ? root : repository);
  return `name: migrations
on:
  pull_request:
    paths: ['${project === '' ? '' : `${project}/`}${migrations}/**']
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 22
      - run: ${install}
      - run: ${checkCommand(migrations)} --format github${inProject}
`;
}

const LOCKS = ['package-lock.json', 'pnpm-lock.yaml', 'yarn.lock'];
