import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { loadParser, type SqlParser } from 'nestjs-backfill-sql/tree';
import type pg from 'pg';
import { checkFiles } from 'nestjs-backfill-guard';
import { unitsOf, type CodeUnit } from '../../../../libs/guard/src/extract/code/code-units.ts';
import { sentCodeFinder } from '../../../../libs/guard/src/extract/code/sent-code.ts';
import { homeMethod } from '../../../../libs/guard/src/extract/code/migration-code.ts';
import { tablesOf } from '../../../../libs/guard/src/extract/code/interference.ts';
import { isDataPiece } from '../../../../libs/guard/src/extract/code/schema-change.ts';
import { extract, type Extraction } from '../../../../libs/guard/src/extract/extraction.ts';
import type { ProjectSources } from '../../../../libs/guard/src/extract/project/entity.finder.ts';
import { readSchema } from '../../../../libs/guard/src/extract/project/schema.reader.ts';
import { isVolatile } from '../../../../libs/guard/src/extract/sql/values.ts';
import { isDataRule } from '../../../../libs/guard/src/rules/rule.types.ts';
import { parseModule } from '../../../../libs/guard/src/source/module-parser.ts';
import { Project } from '../../support.ts';
import { finish, snapshot, type Snapshot } from '../extracted-project.ts';
import { CorpusSchemas } from './corpus-schemas.ts';
import { fillTables } from './synthetic-rows.ts';

/** The labelled migrations of real projects; see `npm run eval:guard`. They are not part of this project. */
const CORPUS = process.env['EXTRACT_CORPUS'] ?? '';
const LABELS = process.env['EXTRACT_LABELS'] ?? '';
const run = existsSync(CORPUS) && existsSync(LABELS) ? describe : describe.skip;
if (run === describe.skip)
  console.log('Skipped: labelled migrations. Set EXTRACT_CORPUS and EXTRACT_LABELS to run them.');

const schemas = new CorpusSchemas();
/** The synthetic rows are older, whatever the time zone. */
const STARTED_AT = Date.now() - 86_400_000;
/** Only files whose name contains this. @default all */
const ONLY = process.env['EXTRACT_ONLY'] ?? '';

type Verdict =
  'equal' | 'different' | 'failed' | 'original-fails' | 'no-rows' | 'not-alone' | 'nothing-moved';

interface Result {
  readonly file: string;
  readonly verdict: Verdict;
  readonly moved: number;
  readonly skeletons: number;
  readonly refused: readonly string[];
  readonly detail?: string;
}

run('the migrations of the corpus', () => {
  afterAll(() => schemas.drop());

  it('leave the same rows when extract has moved their data changes, or fail aloud', async () => {
    const parser = await loadParser();
    const results: Result[] = [];
    for (const file of files()) {
      const found = await evaluate(file, parser);
      results.push(...found);
      for (const { verdict, moved, detail } of found)
        process.stderr.write(`${verdict} ${String(moved)} ${basename(file)} ${detail ?? ''}\n`);
    }
    report(results);
    expect(results.filter(({ verdict }) => verdict === 'different')).toEqual([]);
    const decided = results.filter(({ verdict }) => verdict === 'equal' || verdict === 'failed');
    const equal = sum(decided.filter(({ verdict }) => verdict === 'equal'));
    expect(equal / sum(decided)).toBeGreaterThanOrEqual(0.8);
  }, 3_600_000);
});

function sum(results: readonly Result[]): number {
  return results.reduce((total, { moved }) => total + moved, 0);
}

function files(): readonly string[] {
  const [, ...lines] = readFileSync(LABELS, 'utf8').trimEnd().split('\n');
  return lines
    .map((line) => line.split('\t'))
    .filter(([, path = '', up]) => up === 'true' && !path.endsWith('.sql') && new RegExp(ONLY).test(path))
    .map(([repository = '', path = '']) => join(CORPUS, repository, path));
}

function report(results: readonly Result[]): void {
  const reasons = new Map<string, number>();
  for (const { refused } of results)
    for (const reason of refused) {
      const kind = reason
        .replace(/\d+|`[^`]*`|\b(?:of|from|into|value of|column|key of) \S+/g, '…')
        .slice(0, 70);
      reasons.set(kind, (reasons.get(kind) ?? 0) + 1);
    }
  const verdicts = new Map<Verdict, Result[]>();
  for (const result of results)
    verdicts.set(result.verdict, [...(verdicts.get(result.verdict) ?? []), result]);
  console.log(
    JSON.stringify(
      {
        verdicts: Object.fromEntries(
          [...verdicts].map(([verdict, each]) => [verdict, { files: each.length, moved: sum(each) }]),
        ),
        skeletons: results.reduce((total, { skeletons }) => total + skeletons, 0),
        refused: [...reasons].sort((a, b) => b[1] - a[1]),
        details: results
          .filter(({ detail }) => detail !== undefined)
          .map(({ file, verdict, detail }) => [verdict, basename(file), detail]),
      },
      null,
      1,
    ),
  );
}

async function evaluate(file: string, parser: SqlParser): Promise<readonly Result[]> {
  const source = readFileSync(file, 'utf8');
  const checked = await checkFiles({ paths: [file] });
  const parsed = parseModule(file, source);
  const [migration] = checked.migrations;
  if (!parsed.ok || !migration) return [];
  const findings = migration.directions
    .filter(({ direction }) => direction === 'up')
    .flatMap((each) => each.findings.filter(({ rule }) => isDataRule(rule)));
  const project = new Project();
  try {
    project.write('package.json', '{ "type": "module" }');
    symlinkSync(resolve('node_modules'), project.path('node_modules'));
    const extraction = extract(
      {
        module: parsed.module,
        name: migration.name,
        findings,
        suppressed: [],
        sentCode: sentCodeFinder(file, source, migration.name),
      },
      {
        parser,
        folder: project.path('src/backfills'),
        schema: readSchema(parser, file),
        sources: { entityOf: () => undefined, ending: '.js' } as unknown as ProjectSources,
      },
    );
    const skeletons = extraction.backfills.filter(({ kind }) => kind === 'process').length;
    const base = {
      file,
      moved: extraction.backfills.length - skeletons,
      skeletons,
      refused: extraction.kept.map(({ reason }) => reason),
    };
    if (base.moved === 0) return [{ ...base, verdict: 'nothing-moved' }];
    const first = findings.find((finding) => homeMethod(parsed.module, finding.region.start));
    const home = first && homeMethod(parsed.module, first.region.start);
    const units = home ? unitsOf(parsed.module, home, parser) : [];
    const other = units.find((unit) => unit.usesDatabase && !unit.sql);
    if (other || skeletons > 0) return [{ ...base, verdict: 'not-alone' }];
    const compared = await compareOn({ file, units, extraction, project, parser }).catch(
      (error: unknown) => ({
        verdict: 'failed' as const,
        detail: error instanceof Error ? error.message.slice(0, 400) : String(error),
      }),
    );
    return [{ ...base, ...compared }];
  } finally {
    project.remove();
  }
}

interface Case {
  readonly file: string;
  readonly units: readonly CodeUnit[];
  readonly extraction: Extraction;
  readonly project: Project;
  readonly parser: SqlParser;
}

async function compareOn({
  file,
  units,
  extraction,
  project,
  parser,
}: Case): Promise<Pick<Result, 'verdict' | 'detail'>> {
  const databases = [await schemas.copyBefore(file, parser), await schemas.copyBefore(file, parser)] as const;
  try {
    const [one, other] = databases;
    const tables = [...new Set(extraction.backfills.flatMap(({ move }) => [...tablesOf(move.moved)]))];
    const literals = literalsIn(units);
    let filled: readonly string[] = [];
    for (const database of databases)
      filled = await database.session(async (client) => {
        await client.query('BEGIN');
        const done = await fillTables(client, tables, literals);
        await client.query('COMMIT');
        return done;
      });
    if (filled.length === 0) return { verdict: 'no-rows' };
    const failure = await one
      .session((client) => send(client, units))
      .catch((error: unknown) => String(error));
    if (failure !== undefined) return { verdict: 'original-fails', detail: failure };
    for (const { file: backfill } of extraction.backfills)
      project.write(`src/backfills/${basename(backfill.path)}`, backfill.code);
    for (const table of extraction.tables) project.write(`src/backfills/${basename(table.path)}`, table.code);
    await other.session((client) => send(client, unitsIn(file, extraction.migration, parser)));
    await finish(project, other);
    const { contract } = extraction;
    if (contract)
      await other.session((client) => send(client, unitsIn(contract.file.path, contract.file.code, parser)));
    const volatile = new Set(
      extraction.backfills.flatMap(({ move: { moved } }) =>
        moved.kind === 'set' || moved.kind === 'copy'
          ? moved.assignments.filter(({ tree }) => isVolatile(tree)).map(({ column }) => column)
          : [],
      ),
    );
    const [original, extracted] = [await snapshot(one), await snapshot(other)].map((each) =>
      without(each, volatile),
    );
    const isEqual = JSON.stringify(original) === JSON.stringify(extracted);
    return isEqual ? { verdict: 'equal' } : { verdict: 'different', detail: difference(original, extracted) };
  } finally {
    for (const database of databases) await database.drop();
  }
}

async function send(client: pg.Client, units: readonly CodeUnit[]): Promise<undefined> {
  await client.query('BEGIN');
  for (const { sql, parameters } of units)
    for (const { text } of sql ?? [])
      await client.query(text, parameters.length > 0 ? (parameters as unknown[]) : undefined);
  await client.query('COMMIT');
  return undefined;
}

/** The statements of `up`, or of the method that it calls for PostgreSQL. */
function unitsIn(file: string, text: string, parser: SqlParser): readonly CodeUnit[] {
  const parsed = parseModule(file, text);
  if (!parsed.ok) throw new Error(`${file}: ${parsed.failure.message}`);
  const methods = [...text.matchAll(/\basync (postgresUp\w*|up)\s*\([^]*?\{/g)];
  const method = methods.find(([, name]) => name !== 'up') ?? methods[0];
  const home = method && homeMethod(parsed.module, method.index + method[0].length);
  if (!home) throw new Error(`${file} has no method`);
  return unitsOf(parsed.module, home, parser);
}

function literalsIn(units: readonly CodeUnit[]): readonly string[] {
  const texts = units.flatMap(({ sql, parameters }) => [
    ...(sql ?? [])
      .filter(isDataPiece)
      .flatMap(({ text }) =>
        [...text.matchAll(/'((?:[^']|'')*)'|\b(\d+)\b/g)].map(([, a, b]) => a ?? b ?? ''),
      ),
    ...parameters.flatMap((value) => value ?? []),
  ]);
  return [...new Set(texts.map((text) => text.replace(/''/g, "'")))];
}

function without(tables: Snapshot, columns: ReadonlySet<string>): Snapshot {
  return Object.fromEntries(
    Object.entries(tables).map(([table, { columns: types, rows }]) => [
      table,
      {
        columns: types,
        rows: rows.map((row) => JSON.stringify(entriesOf(row, columns))).sort(),
      },
    ]),
  );
}

/** The values of a row without some columns. The time of the run is the same word in both databases. */
function entriesOf(row: string, columns: ReadonlySet<string>): readonly unknown[] {
  return Object.entries(JSON.parse(row) as object).map(([name, value]: [string, unknown]) => {
    const isNow =
      typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && Date.parse(value) > STARTED_AT;
    return [name, columns.has(name) || isNow ? 'now' : value];
  });
}

function difference(one: Snapshot | undefined, other: Snapshot | undefined): string {
  for (const [table, { rows, columns }] of Object.entries(one ?? {})) {
    const extracted = other?.[table];
    if (JSON.stringify(columns) !== JSON.stringify(extracted?.columns)) return `${table}: columns`;
    const at = rows.findIndex((row, index) => row !== extracted?.rows[index]);
    if (at >= 0) return `${table}: ${rows[at] ?? ''} | ${extracted?.rows[at] ?? ''}`.slice(0, 600);
  }
  return 'tables';
}
