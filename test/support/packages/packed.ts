import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PROJECT = join(import.meta.dirname, '../../..');
export const run = promisify(execFile);

/** A time limit here only detects a hang: npm installs applications. */
export const INSTALL_LIMIT_MS = 1_800_000;

export const LIBRARIES = ['sql', 'backfill', 'dashboard', 'guard'] as const;
export type Library = (typeof LIBRARIES)[number];

export interface Packed {
  readonly tarball: string;
  readonly files: readonly string[];
}

/** The packages as `npm pack` makes them, in a temporary folder. */
export class PackedLibraries {
  private constructor(
    readonly folder: string,
    readonly packed: Readonly<Record<Library, Packed>>,
  ) {}

  static async pack(): Promise<PackedLibraries> {
    const folder = await mkdtemp(join(tmpdir(), 'backfill-packages-'));
    return new PackedLibraries(folder, {
      sql: await pack(folder, 'sql'),
      backfill: await pack(folder, 'backfill'),
      dashboard: await pack(folder, 'dashboard'),
      guard: await pack(folder, 'guard'),
    });
  }

  /** Dependencies of an application, by the name of the package. */
  dependencies(...libraries: readonly Library[]): Readonly<Record<string, string>> {
    return Object.fromEntries(
      libraries.map((library) => [
        library === 'backfill' ? 'nestjs-backfill' : `nestjs-backfill-${library}`,
        `file:${this.packed[library].tarball}`,
      ]),
    );
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Packs a copy of the built library, because other tests use the build at the same time. */
async function pack(folder: string, library: Library): Promise<Packed> {
  const source = join(PROJECT, 'libs', library);
  const copy = join(folder, library);
  for (const part of ['bin', 'dist', 'schematics'])
    if (existsSync(join(source, part))) await cp(join(source, part), join(copy, part), { recursive: true });
  for (const file of ['package.json', 'README.md']) await copyFile(join(source, file), join(copy, file));
  for (const file of ['LICENSE', 'CHANGELOG.md']) await copyFile(join(PROJECT, file), join(copy, file));
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json'], { cwd: copy });
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(copy, packed.filename), files: packed.files.map(({ path }) => path) };
}

/** The error of npm if the registry is unreachable; null if it is reachable. */
export async function registryProblem(): Promise<string | null> {
  return run('npm', ['view', 'pg', 'version'], { timeout: 60_000 }).then(
    () => null,
    (error: Error) => error.message,
  );
}

/** Writes the manifest and installs what it names. @returns the folder */
export async function install(folder: string, manifest: object, ...args: string[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, ...manifest }, null, 2));
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', ...args];
  await run('npm', ['install', ...options], { cwd: folder });
  return folder;
}
