import { Backfill, type ProcessBackfill, type ProcessBatch, type TransformBackfill } from 'nestjs-backfill';
import {
  BeforeUpdate,
  Column,
  DeleteDateColumn,
  Entity,
  EventSubscriber,
  IsNull,
  PrimaryColumn,
  UpdateDateColumn,
  VersionColumn,
  type EntityManager,
  type EntitySubscriberInterface,
} from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';

const called: string[] = [];

@Entity('articles')
class Article {
  @PrimaryColumn()
  id!: number;

  @Column({ type: 'text', nullable: true })
  slug!: string | null;

  @Column({
    type: 'text',
    nullable: true,
    transformer: {
      to: (value: string | null) => value && `<${value}>`,
      from: (value: string | null) => value,
    },
  })
  wrapped!: string | null;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;

  @VersionColumn()
  version!: number;

  @DeleteDateColumn({ name: 'deleted_at', type: 'timestamptz', nullable: true })
  deletedAt!: Date | null;

  @BeforeUpdate()
  recordListener(): void {
    called.push('listener');
  }
}

@EventSubscriber()
class ArticleSubscriber implements EntitySubscriberInterface<Article> {
  listenTo() {
    return Article;
  }
  beforeUpdate(): void {
    called.push('subscriber');
  }
}

const common = { entity: Article, where: { slug: IsNull() } } as const;

class SetSlug {
  set() {
    return { slug: `'slug'` };
  }
}
@Backfill<Article>({ name: 'set', ...common })
class Set extends SetSlug {}
@Backfill<Article>({ name: 'set-touch', ...common, touch: true })
class SetTouch extends SetSlug {}

class TransformSlug implements TransformBackfill<Article> {
  transform(rows: readonly Article[]) {
    return rows.map(() => ({ slug: 'slug', wrapped: 'text' }));
  }
}
const transformed = { ...common, writes: ['slug', 'wrapped'] } as const;
@Backfill<Article>({ name: 'transform', ...transformed })
class Transform extends TransformSlug {}
@Backfill<Article>({ name: 'transform-touch', ...transformed, touch: true })
class TransformTouch extends TransformSlug {}

@Backfill<Article>({ name: 'process', ...common })
class Process implements ProcessBackfill<Article> {
  async process({ rows }: ProcessBatch<Article>, manager: EntityManager): Promise<void> {
    for (const { id } of rows) {
      const article = await manager.findOneOrFail(Article, { where: { id }, withDeleted: true });
      article.slug = 'slug';
      await manager.save(article);
    }
  }
}

describe('what TypeORM adds to a change', () => {
  const stage = Stage.for({
    entities: [Article],
    backfills: [Set, SetTouch, Transform, TransformTouch, Process],
    providers: [],
  });
  beforeEach(async () => {
    const { dataSource } = stage.application;
    dataSource.subscribers.splice(0, dataSource.subscribers.length, new ArticleSubscriber());
    called.length = 0;
    await stage.query(`TRUNCATE articles; INSERT INTO articles (id, updated_at, version, deleted_at)
      VALUES (1, '2020-01-01', 5, NULL), (2, '2020-01-01', 5, '2021-01-01')`);
  });
  const state = () =>
    stage.query(
      `SELECT slug, wrapped, version, updated_at > '2020-01-02' AS "isTouched" FROM articles ORDER BY id`,
    );

  it.each([
    ['set', { wrapped: null, version: 5, isTouched: false }],
    ['set-touch', { wrapped: null, version: 6, isTouched: true }],
    ['transform', { wrapped: '<text>', version: 5, isTouched: false }],
    ['transform-touch', { wrapped: '<text>', version: 6, isTouched: true }],
  ])('%s changes soft-deleted rows too, and calls no listener or subscriber', async (name, expected) => {
    expect(await stage.run(name)).toMatchObject({ status: 'complete', updated: 2 });
    expect(await state()).toEqual([1, 2].map(() => ({ slug: 'slug', ...expected })));
    expect(called).toEqual([]);
  });

  it('process gives the code a repository, which does all of it', async () => {
    expect(await stage.run('process')).toMatchObject({ status: 'complete', updated: 2 });
    expect(await state()).toEqual(
      [1, 2].map(() => ({ slug: 'slug', wrapped: null, version: 6, isTouched: true })),
    );
    expect(called.filter((each) => each === 'subscriber')).toHaveLength(2);
    expect(called.filter((each) => each === 'listener')).toHaveLength(2);
  });
});
