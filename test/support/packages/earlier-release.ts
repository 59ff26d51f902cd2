import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCHEMA_STEPS } from '../../../libs/backfill/src/ledger/schema/steps.ts';
import { run } from './packed.ts';

const PROJECT = join(import.meta.dirname, '../../..');
const STEPS = 'libs/backfill/src/ledger/schema';
const OWN = 'nestjs-backfill';

/** A release that does not know the last steps of the ledger. */
export interface EarlierRelease {
  readonly commit: string;
  /** The last step of the ledger that it knows. */
  readonly step: number;
}

/** The commit before the one that has added a step of the ledger. That one may have added several. */
async function releaseBefore(step: number): Promise<EarlierRelease | null> {
  const pattern = `${STEPS}/${String(step).padStart(3, '0')}-*.step.ts`;
  const added = await git('log', '--diff-filter=A', '--format=%P', '-1', '--', pattern);
  const [commit = ''] = added.stdout.trim().split(' ');
  if (commit === '') return null;
  const { stdout } = await git('ls-tree', '--name-only', commit, `${STEPS}/`);
  const known = [...stdout.matchAll(/\/(\d{3})-[^/]+\.step\.ts$/gm)].map(([, number]) => Number(number));
  return { commit, step: Math.max(...known) };
}

/**
 * The release before the newest step of the ledger, and the oldest one that can use it.
 *
 * @returns why there are none where the project has no history, e.g. in an archive or a shallow clone
 */
export async function earlierReleases(): Promise<readonly EarlierRelease[] | string> {
  try {
    const steps = SCHEMA_STEPS.filter(({ additive }) => additive).map(({ number }) => number);
    const found = await Promise.all([steps[0], steps.at(-1)].map((step) => releaseBefore(step ?? 0)));
    const releases = found.filter((release) => release !== null);
    if (releases.length < 2) return 'the history of the project is not complete here';
    const [oldest, previous] = releases;
    return releases.filter((release) => release !== previous || previous.commit !== oldest?.commit);
  } catch (error) {
    return `git has no history of the project: ${String(error).split('\n')[0]}`;
  }
}

function git(...args: readonly string[]) {
  return run('git', [...args], { cwd: PROJECT });
}

/** Builds and packs an earlier release. @returns the folder with its tarballs, and their paths */
export async function packEarlier({ commit }: EarlierRelease) {
  const folder = await mkdtemp(join(tmpdir(), 'backfill-earlier-'));
  const source = join(folder, 'source');
  await mkdir(source);
  const archive = join(folder, 'source.tar');
  await git('archive', '--output', archive, commit);
  await run('tar', ['-xf', archive, '-C', source]);
  await linkDependencies(source);
  for (const library of ['sql', 'backfill']) {
    const name = library === 'sql' ? `${OWN}-sql` : OWN;
    await symlink(join(source, 'libs', library), join(source, 'node_modules', name));
  }
  const tarballs: string[] = [];
  for (const library of ['sql', 'backfill']) {
    const cwd = join(source, 'libs', library);
    await run('npm', ['run', '--silent', 'build'], { cwd });
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json'], { cwd });
    const [packed] = JSON.parse(stdout) as [{ filename: string }];
    tarballs.push(join(cwd, packed.filename));
  }
  return { tarballs, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Lets a folder use the dependencies of the project, without its own packages. */
async function linkDependencies(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules'));
  for (const name of await readdir(join(PROJECT, 'node_modules')))
    if (!name.startsWith(OWN))
      await symlink(join(PROJECT, 'node_modules', name), join(folder, 'node_modules', name));
}

/** Installs packed releases of the SQL package and of the library for an application. */
export async function installPacked(folder: string, [sql = '', library = '']: readonly string[]) {
  await mkdir(folder, { recursive: true });
  await linkDependencies(folder);
  for (const [name, tarball] of [
    [`${OWN}-sql`, sql],
    [OWN, library],
  ] as const) {
    const target = join(folder, 'node_modules', name);
    await mkdir(target);
    await run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  }
}
