import type { SqlParser } from 'nestjs-backfill-sql/tree';
import { basename, dirname, join } from 'node:path';
import { readdirSync } from 'node:fs';
import type * as ast from 'oxc-parser';
import { parseModule } from '../../source/module-parser.js';
import { readTextFile } from '../../source/module-loader.js';
import { staticText } from '../code/static-text.js';
import { walkNodes } from '../code/syntax.js';
import { SchemaBook } from './schema-book.js';

const MAX_FILES = 3_000;

/** Reads the keys that the migrations up to one of them define: those in its folder with a smaller name. */
export function readSchema(parser: SqlParser, migration: string): SchemaBook {
  const book = new SchemaBook(parser);
  const own = basename(migration);
  const earlier = readdirSync(dirname(migration), { withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:[cm]?[jt]s|sql)$/.test(entry.name) && entry.name <= own)
    .map(({ name }) => name)
    .sort()
    .slice(-MAX_FILES);
  for (const name of earlier) for (const sql of schemaTexts(join(dirname(migration), name))) book.read(sql);
  return book;
}

/** The constant texts of a migration's file that may be SQL, without those of `down` and of other databases. */
export function schemaTexts(path: string): readonly string[] {
  const text = readTextFile(path);
  if (text === undefined) return [];
  if (path.endsWith('.sql')) return [text];
  const parsed = parseModule(path, text);
  return parsed.ok ? textsOf(parsed.module.program) : [];
}

function textsOf(program: ast.Program): readonly string[] {
  const texts: string[] = [];
  walkNodes(program, (node) => {
    if (
      node.type === 'MethodDefinition' &&
      node.key.type === 'Identifier' &&
      /down|sqlite|mysql/i.test(node.key.name)
    )
      return false;
    const text = staticText(node, () => undefined);
    if (text === undefined) return true;
    texts.push(text);
    return false;
  });
  return texts;
}
