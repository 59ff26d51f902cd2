import { Backfill, type RowColumns, type SetBackfill } from 'nestjs-backfill';
import { EntitySchema } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';

interface Folder {
  id: string;
  parentId: string | null;
  path: string | null;
}

const Folder = new EntitySchema<Folder>({
  name: 'Folder',
  tableName: 'folders',
  columns: {
    id: { type: 'bigint', primary: true },
    parentId: { type: 'bigint', name: 'parent_id', nullable: true },
    path: { type: 'text', nullable: true },
  },
});

const LEVELS = 12;

/** A folder is pending only when its parent has a path, so that each sweep makes the next level pending. */
@Backfill<Folder>({
  name: 'folder-paths',
  entity: Folder,
  where: (row) =>
    `${row.path} IS NULL AND (${row.parentId} IS NULL OR EXISTS (SELECT FROM folders AS p WHERE p.id = ${row.parentId} AND p.path IS NOT NULL))`,
})
class FolderPaths implements SetBackfill<Folder> {
  set(row: RowColumns<Folder>) {
    return {
      path: `coalesce((SELECT p.path FROM folders AS p WHERE p.id = ${row.parentId}), '') || '/' || ${row.id}`,
    };
  }
}

describe('a hierarchy in one table', () => {
  const stage = Stage.for({
    entities: [Folder],
    backfills: [FolderPaths],
    // The children come before their parents in the order of the key.
    prepare: (database) =>
      database.query(
        `INSERT INTO folders (id, parent_id) SELECT n, CASE WHEN n < $1 THEN n + 1 END FROM generate_series(1, $1::int) AS n`,
        [LEVELS],
      ),
  });

  it('is completed in one run, although each sweep makes the next level pending', async () => {
    expect(await stage.run('folder-paths')).toMatchObject({
      status: 'complete',
      proved: true,
      updated: LEVELS,
    });
    expect(await stage.value('SELECT path FROM folders WHERE id = 10')).toBe('/12/11/10');
  });
});
