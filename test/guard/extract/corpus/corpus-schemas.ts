import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { SqlParser } from 'nestjs-backfill-sql/tree';
import pg from 'pg';
import { piecesOf } from '../../../../libs/guard/src/extract/code/code-units.ts';
import { isDataPiece } from '../../../../libs/guard/src/extract/code/schema-change.ts';
import { schemaTexts } from '../../../../libs/guard/src/extract/project/schema.reader.ts';
import { TestDatabase } from '../../../support/server/database.ts';

/**
 * The schema of a project before one of its migrations: every definition of the earlier ones, in their order.
 * A definition that fails is left out. One database for each project grows, and tests get copies of it.
 */
export class CorpusSchemas {
  readonly #grown = new Map<string, { readonly database: TestDatabase; readonly applied: Set<string> }>();

  async copyBefore(file: string, parser: SqlParser): Promise<TestDatabase> {
    const folder = dirname(file);
    const grown = this.#grown.get(folder) ?? {
      database: await TestDatabase.create(),
      applied: new Set<string>(),
    };
    this.#grown.set(folder, grown);
    const earlier = readdirSync(folder)
      .filter((name) => name < basename(file) && !grown.applied.has(name))
      .sort();
    await grown.database.session(async (client) => {
      for (const name of earlier) {
        grown.applied.add(name);
        for (const sql of schemaTexts(join(folder, name)))
          for (const piece of piecesOf(sql, parser) ?? [])
            if (!isDataPiece(piece) && piece.kind !== 'SelectStmt' && piece.kind !== 'TransactionStmt')
              await client.query(piece.text).catch(() => undefined);
      }
    });
    return this.#copy(grown.database);
  }

  async #copy(source: TestDatabase): Promise<TestDatabase> {
    const copy = await TestDatabase.create();
    const client = new pg.Client({ connectionString: source.serverUrl });
    await client.connect();
    await client.query(`DROP DATABASE ${copy.name}`);
    await client.query(`CREATE DATABASE ${copy.name} TEMPLATE ${source.name}`);
    // The rows are synthetic, so that foreign keys would refuse them.
    await client.query(`ALTER DATABASE ${copy.name} SET session_replication_role = replica`);
    await client.end();
    return copy;
  }

  async drop(): Promise<void> {
    for (const { database } of this.#grown.values()) await database.drop();
  }
}
