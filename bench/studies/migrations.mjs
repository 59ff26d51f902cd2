import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../../libs/guard/dist/cli/bin.js', import.meta.url));

/**
 * The output of `check --timing`, in milliseconds.
 * @typedef {{ files: number, totalMs: number, readMs: number, parseMs: number, evaluateMs: number, sqlMs: number }} Timing
 */

/**
 * The cost of the static check: the command checks a folder of generated and hand-written migrations in its
 * own process.
 *
 * @param {number} files
 * @returns {Promise<{ cpuSeconds: number, wallSeconds: number, memoryMb: number, timing: Timing }>}
 */
export async function staticGuardCost(files) {
  const root = await mkdtemp(join(tmpdir(), 'guard-bench-'));
  try {
    const folder = join(root, 'src/migrations');
    await mkdir(folder, { recursive: true });
    await writeFile(join(root, 'src/helpers.ts'), HELPERS);
    for (let n = 0; n < files; n += 1)
      await writeFile(join(folder, `${1_700_000_000_000 + n}-change-${n}.ts`), migration(n));
    // The process reports its CPU time at its end, which is comparable on a shared machine.
    const code = `
      process.on('exit', () => {
        const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
        process.stderr.write(JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, memory: maxRSS / 1024 }));
      });
      process.argv = [process.execPath, ...process.argv.slice(1)];
      await import(${JSON.stringify(COMMAND)});`;
    const startedAt = performance.now();
    const { stderr } = await promisify(execFile)(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        code,
        'nestjs-backfill',
        ...['check', folder, '--format', 'json', '--timing'],
        ...['--baseline', join(root, 'none.json'), '--output', join(root, 'out.json')],
      ],
      { cwd: root },
    ).catch((/** @type {{ code: number, stderr: string }} */ error) => {
      // 1 means violations, which are expected.
      if (error.code !== 1) throw error;
      return error;
    });
    const wallSeconds = (performance.now() - startedAt) / 1000;
    const [timing, usage] = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return { cpuSeconds: usage.cpu, wallSeconds, memoryMb: usage.memory, timing };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** @param {Timing} timing */
export function fractions({ totalMs, readMs, parseMs, evaluateMs, sqlMs }) {
  const of = (/** @type {number} */ ms) => `${Math.round((100 * ms) / Math.max(1, totalMs))} %`;
  return `reading ${of(readMs)}, parsing ${of(parseMs)}, evaluating ${of(evaluateMs)}, SQL ${of(sqlMs)}`;
}

const HELPERS = `
import type { QueryRunner } from 'typeorm';
export async function addColumn(runner: QueryRunner, table: string, column: string): Promise<void> {
  await runner.query(\`ALTER TABLE "\${table}" ADD COLUMN "\${column}" text\`);
}
export async function fill(runner: QueryRunner, table: string, column: string): Promise<void> {
  await runner.query(\`UPDATE "\${table}" SET "\${column}" = '' WHERE "\${column}" IS NULL\`);
}
`;

/** One of four kinds: generated DDL, a helper, PL/pgSQL, a row loop. @param {number} n */
function migration(n) {
  const table = `table_${n % 90}`;
  const up = [generatedDdl(table, n), helperCalls(table, n), doBlock(table), rowLoop(table)][n % 4];
  return `import { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumn, fill } from '../helpers';

export class Change${n} implements MigrationInterface {
  public async up(queryRunner: QueryRunner): Promise<void> {
${up}
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(\`ALTER TABLE "${table}" DROP COLUMN "extra_${n}"\`);
  }
}
`;
}

/** @param {string} table @param {number} n */
function generatedDdl(table, n) {
  return Array.from({ length: 12 }, (_, at) =>
    [
      `await queryRunner.query(\`CREATE TABLE "${table}_${n}_${at}" ("id" uuid NOT NULL DEFAULT uuid_generate_v4(), "createdAt" TIMESTAMP NOT NULL DEFAULT now(), "name" character varying NOT NULL, "ownerId" uuid, CONSTRAINT "PK_${n}_${at}" PRIMARY KEY ("id"))\`);`,
      `await queryRunner.query(\`CREATE INDEX "IDX_${n}_${at}" ON "${table}_${n}_${at}" ("ownerId") \`);`,
      `await queryRunner.query(\`ALTER TABLE "${table}_${n}_${at}" ADD CONSTRAINT "FK_${n}_${at}" FOREIGN KEY ("ownerId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE NO ACTION\`);`,
    ].join('\n'),
  ).join('\n');
}

/** @param {string} table @param {number} n */
function helperCalls(table, n) {
  return `await addColumn(queryRunner, '${table}', 'extra_${n}');
for (const name of ['a', 'b', 'c', 'd']) await fill(queryRunner, '${table}', name);`;
}

/** @param {string} table */
function doBlock(table) {
  return `await queryRunner.query(\`DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT conname FROM pg_constraint LOOP EXECUTE format('ALTER TABLE ${table} DROP CONSTRAINT %I', r.conname); END LOOP;
END $$\`);`;
}

/** @param {string} table */
function rowLoop(table) {
  return `const rows = await queryRunner.query(\`SELECT id, name FROM "${table}"\`);
const byName = new Map();
for (const row of rows) { if (!row.name) continue; byName.set(row.name, row.id); }
for (const [name, id] of byName) await queryRunner.query(\`UPDATE "${table}" SET slug = $1 WHERE id = $2\`, [name.toLowerCase(), id]);`;
}
