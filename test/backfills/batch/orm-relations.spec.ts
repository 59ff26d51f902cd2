import {
  Backfill,
  BackfillModule,
  BackfillService,
  type ProcessBackfill,
  type ProcessBatch,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { InvalidPredicateError } from 'nestjs-backfill/errors';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  ChildEntity,
  Column,
  Entity,
  IsNull,
  ManyToOne,
  PrimaryColumn,
  TableInheritance,
  type EntityManager,
} from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { Stage } from '../../support/applications/stage.ts';
import { TestDatabase } from '../../support/server/database.ts';

@Entity('teams')
class Team {
  @PrimaryColumn()
  id!: number;

  @Column()
  active!: boolean;
}

@Entity('players')
class Player {
  @PrimaryColumn()
  id!: number;

  @Column({ type: 'text', nullable: true })
  nick!: string | null;

  @ManyToOne(() => Team, { nullable: true })
  team!: Team | null;
}

@Entity('animals')
@TableInheritance({ column: { type: 'text', name: 'kind' } })
class Animal {
  @PrimaryColumn()
  id!: number;

  @Column({ type: 'text', nullable: true })
  sound!: string | null;
}
@ChildEntity('cat')
class Cat extends Animal {
  @Column({ type: 'int', nullable: true })
  lives!: number | null;
}
@ChildEntity('kitten')
class Kitten extends Cat {}
@ChildEntity('dog')
class Dog extends Animal {}

class SetNick implements SetBackfill<Player> {
  set() {
    return { nick: `'nick'` };
  }
}
@Backfill<Player>({ name: 'of-team', entity: Player, where: { nick: IsNull(), team: { id: 1 } } })
class OfTeam extends SetNick {}
@Backfill<Player>({
  name: 'of-active',
  entity: Player,
  where: (row) =>
    `${row.nick} IS NULL AND EXISTS (SELECT FROM teams AS t WHERE t.id = ${row.team} AND t.active)`,
})
class OfActiveTeam extends SetNick {}
@Backfill<Player>({ name: 'refused', entity: Player, where: { nick: IsNull(), team: { active: true } } })
class OfRelatedRow extends SetNick {}

@Backfill<Cat>({ name: 'cats', entity: Cat, where: { sound: IsNull() } })
class Cats implements SetBackfill<Cat> {
  set() {
    return { sound: `'meow'`, lives: '9' };
  }
}
@Backfill<Cat>({ name: 'cats-by-sql', entity: Cat, where: 'sound IS NULL OR sound = $$meow$$' })
class CatsBySql implements SetBackfill<Cat> {
  set() {
    return { sound: `'purr'` };
  }
}
@Backfill<Cat>({
  name: 'cats-by-code',
  entity: Cat,
  where: { sound: IsNull() },
  reads: ['id'],
  writes: ['sound'],
})
class CatsByCode implements TransformBackfill<Cat, 'id'> {
  transform(rows: readonly Pick<Cat, 'id'>[]) {
    return rows.map(({ id }) => ({ sound: `sound ${id}` }));
  }
}
@Backfill<Dog>({ name: 'no-dogs', entity: Dog, kind: 'purge', where: { sound: IsNull() } })
class NoDogs {}
@Backfill<Animal>({ name: 'animals', entity: Animal, where: { sound: IsNull() } })
class Animals implements SetBackfill<Animal> {
  set() {
    return { sound: `'any'` };
  }
}

const ENTITIES = [Team, Player, Animal, Cat, Kitten, Dog];

describe('a `where` with relations', () => {
  const stage = Stage.for({ entities: ENTITIES, backfills: [OfTeam, OfActiveTeam] });
  beforeEach(() =>
    stage.query(`TRUNCATE teams, players CASCADE; INSERT INTO teams VALUES (1, true), (2, false), (3, true);
      INSERT INTO players (id, "teamId") SELECT i, nullif(i % 4, 0) FROM generate_series(1, 12) AS i`),
  );
  const changed = () =>
    stage.query(`SELECT DISTINCT "teamId" AS team FROM players WHERE nick IS NOT NULL ORDER BY 1`);

  it('compares the foreign key with the key of a related row', async () => {
    expect(await stage.run('of-team')).toMatchObject({ status: 'complete', updated: 3 });
    expect(await changed()).toEqual([{ team: 1 }]);
  });

  it('in SQL may ask for the other columns of related rows', async () => {
    expect(await stage.run('of-active')).toMatchObject({ status: 'complete', updated: 6 });
    expect(await changed()).toEqual([{ team: 1 }, { team: 3 }]);
  });

  it('that asks for them otherwise is refused at the start, with how to write it', async () => {
    const start = TestApplication.start({
      database: stage.database,
      entities: ENTITIES,
      backfills: [OfRelatedRow],
      synchronize: false,
    });
    await expect(start).rejects.toThrow(InvalidPredicateError);
    await expect(start).rejects.toThrow(/write conditions on other tables in SQL/);
  });
});

describe('a backfill of an entity that shares its table with others (single-table inheritance)', () => {
  const stage = Stage.for({ entities: ENTITIES, backfills: [Cats, CatsBySql, CatsByCode, NoDogs, Animals] });
  beforeEach(() =>
    stage.query(`TRUNCATE animals; INSERT INTO animals (id, kind)
      SELECT i, (ARRAY['cat', 'kitten', 'dog', 'Animal'])[1 + i % 4] FROM generate_series(1, 12) AS i`),
  );
  const sounds = async () =>
    Object.fromEntries(
      (
        await stage.query<{ kind: string; sound: string | null }>(
          `SELECT kind, min(sound) AS sound FROM animals GROUP BY kind HAVING count(DISTINCT sound) <= 1 ORDER BY kind`,
        )
      ).map(({ kind, sound }) => [kind, sound]),
    );

  it('changes and proves the rows of the entity and of those that extend it, and no other', async () => {
    expect(await stage.run('cats')).toMatchObject({ status: 'complete', updated: 6 });
    expect(await sounds()).toEqual({ Animal: null, cat: 'meow', dog: null, kitten: 'meow' });
    expect(await stage.run('cats-by-sql')).toMatchObject({ status: 'complete', updated: 6 });
    expect(await sounds()).toEqual({ Animal: null, cat: 'purr', dog: null, kitten: 'purr' });
  });

  it('reads and writes only these rows with `transform`, and deletes only these with `purge`', async () => {
    expect(await stage.run('cats-by-code')).toMatchObject({ status: 'complete', updated: 6 });
    expect(await stage.run('no-dogs')).toMatchObject({ status: 'complete', updated: 3 });
    expect(
      await stage.query(`SELECT kind, count(sound)::int AS changed FROM animals GROUP BY kind ORDER BY kind`),
    ).toEqual([
      { kind: 'Animal', changed: 0 },
      { kind: 'cat', changed: 3 },
      { kind: 'kitten', changed: 3 },
    ]);
  });

  it('of the parent changes the rows of all entities of the table', async () => {
    expect(await stage.run('animals')).toMatchObject({ status: 'complete', updated: 12 });
  });
});

@Backfill<Team>({ name: 'a-set', entity: Team, where: 'NOT active' })
class Activate implements SetBackfill<Team> {
  set() {
    return { active: 'true' };
  }
}
@Backfill<Player>({ name: 'b-process', entity: Player, where: { nick: IsNull() }, reads: ['id'] })
class Nicks implements ProcessBackfill<Player, 'id'> {
  async process({ rows }: ProcessBatch<Player, 'id'>, manager: EntityManager) {
    for (const { id } of rows) {
      // A read of the repository, too, which TypeORM would send to a replica.
      const player = await manager.findOneByOrFail(Player, { id });
      await manager.update(Player, id, { nick: `nick ${player.id}` });
    }
  }
}

describe('an application with replication', () => {
  it('has its backfills, plans, statuses and proofs on the master only', async () => {
    const master = await TestDatabase.create();
    // A replica that is far behind: it has no table yet.
    const replica = await TestDatabase.create();
    const stage = await TestApplication.start({ database: master, entities: ENTITIES, backfills: [] });
    await stage.stop();
    await master.query(`INSERT INTO teams SELECT i, false FROM generate_series(1, 20) AS i;
      INSERT INTO players (id) SELECT i FROM generate_series(1, 20) AS i`);
    const module = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          entities: ENTITIES,
          retryAttempts: 1,
          replication: { master: { url: master.url }, slaves: [{ url: replica.url }] },
        }),
        BackfillModule.forRoot({ defaults: { pause: 0, workers: 2, batchSize: 5 }, leaseDuration: 1_000 }),
      ],
      providers: [Activate, Nicks],
    }).compile();
    const context = await module.init();
    try {
      const service = context.get(BackfillService);
      expect((await service.plan()).plan.map(({ pending }) => pending)).toEqual([20, 20]);
      expect((await service.run()).backfills).toMatchObject([
        { name: 'a-set', status: 'complete', updated: 20 },
        { name: 'b-process', status: 'complete', updated: 20 },
      ]);
      expect((await service.status()).backfills).toMatchObject([
        { status: 'complete' },
        { status: 'complete' },
      ]);
      expect(await service.prove('b-process')).toMatchObject({ complete: true });
      expect(await replica.query(`SELECT FROM pg_namespace WHERE nspname = 'nestjs_backfill'`)).toEqual([]);
    } finally {
      await context.close();
      await master.drop();
      await replica.drop();
    }
  });
});
