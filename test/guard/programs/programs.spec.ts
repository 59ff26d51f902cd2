import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { checkFiles, type Verdict } from '../../../libs/guard/src/index.ts';
import { programs, schemaPrograms } from './program.arbitrary.ts';
import { MIGRATION, type Program } from './program.types.ts';
import { UNREAD_CODE, UNREAD_MODULE } from './unread-code.ts';

/** GUARD_PROGRAMS and GUARD_SEED repeat a failure, or check more programs: `npm run test:programs`. */
const COUNT = Number(process.env['GUARD_PROGRAMS'] ?? 400);
const SEED = Number(process.env['GUARD_SEED'] ?? 20_251_126);

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'guard-programs-'));
  const unread = join(root, 'node_modules', UNREAD_MODULE);
  mkdirSync(unread, { recursive: true });
  writeFileSync(join(unread, 'package.json'), '{ "type": "module", "exports": "./index.js" }');
  writeFileSync(join(unread, 'index.js'), UNREAD_CODE);
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

it(`no program that wrote is clean (${String(COUNT)} programs, GUARD_SEED=${String(SEED)})`, async () => {
  const all = fc.sample(programs, { numRuns: COUNT, seed: SEED });
  const folders = all.map((program, index) => write(program, `write-${String(index)}`));
  const wrote = await run(folders);
  // A generator whose programs fail proves nothing.
  expect(wrote.filter(Boolean).length).toBeGreaterThan(COUNT * 0.8);
  const verdicts = await verdictsOf(folders);
  const missed = all.filter((_, index) => wrote[index] && verdicts[index] === 'clean');
  expect(shortest(missed)).toEqual([]);
}, 600_000);

it(`a program that only changes the schema is clean (GUARD_SEED=${String(SEED)})`, async () => {
  const all = fc.sample(schemaPrograms, { numRuns: Math.ceil(COUNT / 4), seed: SEED });
  const verdicts = await verdictsOf(all.map((program, index) => write(program, `schema-${String(index)}`)));
  expect(shortest(all.filter((_, index) => verdicts[index] !== 'clean'))).toEqual([]);
}, 600_000);

/** The verdict on `up` of each folder's migration. */
async function verdictsOf(folders: readonly string[]): Promise<readonly (Verdict | undefined)[]> {
  const files = folders.map((folder) => join(folder, MIGRATION));
  const { migrations, problems } = await checkFiles({ paths: files });
  expect(problems).toEqual([]);
  return files.map(
    (file) =>
      migrations
        .find((migration) => migration.file === file)
        ?.directions.find(({ direction }) => direction === 'up')?.verdict,
  );
}

/** The programs that are easiest to understand. */
function shortest(missed: readonly Program[]): readonly string[] {
  return missed
    .map(({ files, boot }) =>
      [...Object.entries(files), ['boot', boot]].map((part) => part.join('\n')).join('\n'),
    )
    .sort((a, b) => a.length - b.length)
    .slice(0, 10);
}

function write({ files, boot }: Program, name: string): string {
  const folder = join(root, name);
  mkdirSync(folder);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  // The guard would follow this module if the migration imported it.
  writeFileSync(
    join(folder, 'boot.mjs'),
    `export async function boot({ source, migration, late }) {\n${boot}\n}\n`,
  );
  return folder;
}

const MAX_ARGUMENTS = 500;

async function run(folders: readonly string[]): Promise<readonly boolean[]> {
  const results: boolean[] = [];
  const script = join(import.meta.dirname, 'run-programs.mjs');
  for (let from = 0; from < folders.length; from += MAX_ARGUMENTS) {
    const { stdout } = await promisify(execFile)('node', [
      script,
      ...folders.slice(from, from + MAX_ARGUMENTS),
    ]);
    results.push(...(JSON.parse(stdout.trim().split('\n').at(-1) ?? '[]') as boolean[]));
  }
  return results;
}
