import {
  Backfill,
  SchemaMigration,
  type OnlineIndexOptions,
  type CopyBackfill,
  type ProcessBackfill,
  type ProcessBatch,
  type TransformBackfill,
} from 'nestjs-backfill';
import {
  ChildEntity,
  Column,
  Entity,
  EntitySchema,
  IsNull,
  PrimaryColumn,
  TableInheritance,
  VersionColumn,
  type EntityManager,
  type QueryRunner,
} from 'typeorm';
import { buildIndexes } from '../../libs/backfill/src/indexes/build/build-indexes.ts';
import { Stage } from '../support/applications/stage.ts';
import { createShadows } from '../support/server/shadows.ts';
import type { TestDatabase } from '../support/server/database.ts';

interface PageRow {
  id: string;
  kind: string;
  tenant: string;
  slug: string | null;
  body: string | null;
  done: string | null;
  byPage: string | null;
}

const key = {
  id: { type: 'varchar', length: 40, primary: true },
  kind: { type: 'enum', enum: ['a', 'b'], enumName: 'page_kind', primary: true },
} as const;

const Page = new EntitySchema<PageRow>({
  name: 'Page',
  tableName: 'pages',
  columns: {
    ...key,
    tenant: { type: 'varchar', length: 20 },
    slug: { type: 'varchar', nullable: true },
    body: { type: 'varchar', nullable: true },
    done: { type: 'varchar', nullable: true },
    byPage: { type: 'varchar', nullable: true },
  },
});
const PageCopy = new EntitySchema<Pick<PageRow, 'id' | 'kind'>>({
  name: 'PageCopy',
  tableName: 'page_copies',
  columns: key,
});

@Entity('contents')
@TableInheritance({ column: { type: 'varchar', name: 'type' } })
class Content {
  @PrimaryColumn('int')
  id!: number;

  @Column({ type: 'text', nullable: true })
  title!: string | null;

  @VersionColumn({ type: 'numeric' })
  version!: number;
}
@ChildEntity("Photo's \\n")
class Photo extends Content {}
@ChildEntity()
class Panorama extends Photo {}

@Backfill<Photo>({ name: 'photo-titles', entity: Photo, where: 'title IS NULL', touch: true })
class PhotoTitles {
  set() {
    return { title: `'untitled'` };
  }
}

const common = { entity: Page, tenant: 'tenant', batchSize: 7 } as const;

@Backfill<PageRow>({ name: 'set-slug', ...common, where: { slug: IsNull() }, maxWorkers: 2 })
class SetSlug {
  set() {
    return { slug: `'slug'` };
  }
}

@Backfill<PageRow>({
  name: 'set-slug-by-page',
  ...common,
  where: { byPage: IsNull() },
  order: 'page',
  maxWorkers: 2,
})
class SetSlugByPage {
  set() {
    return { byPage: `'slug'` };
  }
}

@Backfill<PageRow>({
  name: 'transform-body',
  ...common,
  where: { body: IsNull() },
  reads: ['id'],
  writes: ['body'],
})
class TransformBody implements TransformBackfill<PageRow, 'id'> {
  transform(rows: readonly Pick<PageRow, 'id'>[]) {
    return rows.map(({ id }) => ({ body: id === '3' ? 'refused' : `body of ${id}` }));
  }
}

@Backfill<PageRow>({ name: 'process-pages', ...common, where: { done: IsNull() }, reads: ['id', 'kind'] })
class ProcessPages implements ProcessBackfill<PageRow> {
  async process({ rows }: ProcessBatch<PageRow>, manager: EntityManager): Promise<void> {
    const ids = rows.map(({ id }) => id);
    await manager.query(
      `UPDATE pages SET done = 'yes' WHERE id::text OPERATOR(pg_catalog.=) ANY ($1::text[])`,
      [ids],
    );
  }
}

@Backfill<PageRow>({ name: 'copy-pages', ...common, into: PageCopy })
class CopyPages implements CopyBackfill<PageRow, Pick<PageRow, 'id' | 'kind'>> {
  copy() {
    return { id: 'id', kind: 'kind' };
  }
}

@Backfill<PageRow>({ name: 'purge-pages', ...common, kind: 'purge', where: 'done IS NOT NULL' })
class PurgePages {}

class AddExtra1700000000001 extends SchemaMigration {
  override async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE pages ADD COLUMN extra text');
  }
  override async down(): Promise<void> {}
}

const log = { log: () => undefined, warn: () => undefined };

async function prepare(database: TestDatabase): Promise<void> {
  await database.query(`ALTER TABLE pages ADD CHECK (body <> 'refused');
    INSERT INTO pages (id, kind, tenant) SELECT n, CASE WHEN n % 2 = 0 THEN 'a' ELSE 'b' END::page_kind, n % 3 FROM generate_series(1, 60) AS n;
    INSERT INTO contents (id, type, version) SELECT n, (ARRAY['Photo''s \\n', 'Panorama', 'Post'])[n % 3 + 1], 1 FROM generate_series(1, 30) AS n`);
  await createShadows(database, ['public.page_kind']);
}

describe('functions and operators in "public" that fit better than those of PostgreSQL', () => {
  const stage = Stage.for({
    entities: [Page, PageCopy, Content, Photo, Panorama],
    backfills: [SetSlug, SetSlugByPage, TransformBody, ProcessPages, CopyPages, PurgePages, PhotoTitles],
    prepare,
    plainRole: true,
    migrations: [AddExtra1700000000001],
  });

  it('are there, and fit better', async () => {
    const call = stage.query(`SELECT 1 WHERE 'a'::varchar = 'b'::varchar`);
    await expect(call).rejects.toThrow('SHADOW operator(varchar, varchar) ran');
    await expect(stage.query(`SELECT jsonb_build_array('a'::text)`)).rejects.toThrow(
      'SHADOW jsonb_build_array(text) ran',
    );
  });

  it('are not called by a plan, a run of each kind, a retry, or a status', async () => {
    await stage.application.service.plan();
    await stage.run('set-slug', { tenants: ['1'] });
    for (const name of ['set-slug', 'set-slug-by-page', 'process-pages', 'copy-pages']) {
      expect(await stage.run(name)).toMatchObject({ status: 'complete', remaining: 0 });
    }
    expect(await stage.run('transform-body')).toMatchObject({ status: 'incomplete', quarantined: 1 });
    const retry = { names: ['transform-body'], retryQuarantined: true };
    expect(await stage.runAll(retry)).toMatchObject({ backfills: [{ quarantined: 1 }] });
    expect(await stage.run('purge-pages')).toMatchObject({ status: 'complete', updated: 60 });
    expect(await stage.status('set-slug')).toMatchObject({ status: 'complete' });
  });

  it('are not called to find the rows of an entity that shares its table, and to count their versions', async () => {
    expect(await stage.run('photo-titles')).toMatchObject({ status: 'complete', updated: 20 });
    expect(
      await stage.query('SELECT DISTINCT type, version FROM contents WHERE title IS NOT NULL'),
    ).toHaveLength(2);
  });

  it('are not called by the build of an index, and by a migration with its guard and its locks', async () => {
    const { dataSource } = stage.application;
    const declared = {
      name: 'pages_tenant',
      entity: Page,
      columns: ['tenant'],
    } as unknown as OnlineIndexOptions;
    const { indexes } = await buildIndexes(dataSource, [{ className: 'PagesTenant', options: declared }], {
      log,
    });
    expect(indexes).toMatchObject([{ status: 'built' }]);
    expect(await dataSource.runMigrations()).toMatchObject([{ name: 'AddExtra1700000000001' }]);
  });
});
