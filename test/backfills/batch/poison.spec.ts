import {
  Backfill,
  type ProcessBackfill,
  type ProcessBatch,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn, type EntityManager } from 'typeorm';
import type { TestDatabase } from '../../support/server/database.ts';
import { Stage } from '../../support/applications/stage.ts';

@Entity('leads')
class Lead {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'int' })
  score!: number;

  @Column({ type: 'int', nullable: true })
  doubled!: number | null;
}

const where = { doubled: IsNull() };

@Backfill<Lead>({ name: 'set', entity: Lead, where })
class SetDoubled implements SetBackfill<Lead> {
  set() {
    return { doubled: 'score * 2' };
  }
}

@Backfill<Lead>({ name: 'transform', entity: Lead, where, reads: ['score'], writes: ['doubled'] })
class TransformDoubled implements TransformBackfill<Lead, 'score'> {
  transform(rows: readonly Pick<Lead, 'score'>[]) {
    return rows.map(({ score }) => ({ doubled: double(score) }));
  }
}

@Backfill<Lead>({ name: 'transform-any', entity: Lead, where, reads: ['score'], writes: ['doubled'] })
class TransformAny implements TransformBackfill<Lead, 'score'> {
  transform(rows: readonly Pick<Lead, 'score'>[]) {
    return rows.map(({ score }) => ({ doubled: 2 * score }));
  }
}

@Backfill<Lead>({ name: 'process', entity: Lead, where, reads: ['score'] })
class ProcessDoubled implements ProcessBackfill<Lead, 'id' | 'score'> {
  async process({ rows }: ProcessBatch<Lead, 'id' | 'score'>, manager: EntityManager) {
    await manager.query(
      'UPDATE leads SET doubled = v.doubled FROM unnest($1::int[], $2::int[]) AS v (id, doubled) WHERE leads.id = v.id',
      [rows.map(({ id }) => id), rows.map(({ score }) => double(score))],
    );
  }
}

@Backfill<Lead>({ name: 'few', entity: Lead, where, maxQuarantined: 5 })
class FewAllowed extends SetDoubled {}

@Backfill<Lead>({ name: 'purge', entity: Lead, kind: 'purge', where: 'this_row.score < 0' })
class PurgePoisonous {}

@Backfill<Lead>({
  name: 'never-false',
  entity: Lead,
  where: '"this_row"."doubled" IS NULL OR "this_row"."doubled" < 0',
})
class NeverFalse extends SetDoubled {}

function double(score: number): number {
  if (score < 0) throw new RangeError(`score ${score} is below zero`);
  return score * 2;
}

const POISONED = [3, 200, 201, 7_777, 7_778, 15_000, 20_000];
const QUARANTINE = `SELECT (key ->> 0)::int AS id, error, error_code AS code, attempts FROM nestjs_backfill.quarantined_row ORDER BY 1`;

interface Quarantined {
  id: number;
  error: string;
  code: string | null;
  attempts: number;
}

function stageWith(rows: number, ...sql: string[]) {
  return Stage.for({
    entities: [Lead],
    backfills: [
      SetDoubled,
      TransformDoubled,
      TransformAny,
      ProcessDoubled,
      FewAllowed,
      NeverFalse,
      PurgePoisonous,
    ],
    prepare: (database: TestDatabase) =>
      database.query(
        [
          `INSERT INTO leads (id, score) SELECT i, CASE WHEN i IN (${POISONED.join(', ')}) THEN -i ELSE i END FROM generate_series(1, ${rows}) AS i`,
          ...sql,
        ].join('; '),
      ),
  });
}

const CHECK = 'ALTER TABLE leads ADD CONSTRAINT doubled_is_positive CHECK (doubled > 0)';

function trigger(body: string, event = 'UPDATE'): string {
  return `CREATE FUNCTION interfere() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
    CREATE TRIGGER interfere BEFORE ${event} ON leads FOR EACH ROW EXECUTE FUNCTION interfere()`;
}

describe.each([
  ['set', 'violate a CHECK constraint', CHECK, /doubled_is_positive/, '23514'],
  ['transform', 'transform() throws for', '', /^RangeError: score -\d+ is below zero$/, null],
  ['process', 'process() throws for', '', /^RangeError: score -\d+ is below zero$/, null],
] as const)('%s: 7 rows of 20,000 that %s', (name, _, sql, error, code) => {
  const stage = stageWith(20_000, sql);

  it('are quarantined with key, error and number of attempts; all others are changed', async () => {
    const report = await stage.run(name);
    expect(report).toMatchObject({
      status: 'incomplete',
      proved: false,
      updated: 19_993,
      quarantined: 7,
      skipped: 0,
      remaining: 7,
    });
    expect(report.reason).toContain('7 rows are in quarantine');
    const rows = await stage.query<Quarantined>(QUARANTINE);
    expect(rows.map(({ id }) => id)).toEqual(POISONED);
    for (const row of rows) {
      expect(row.error).toMatch(error);
      expect(row).toMatchObject({ code, attempts: 1 });
    }
    expect(await stage.value('SELECT count(*) FROM leads WHERE doubled = 2 * score')).toBe('19993');
    expect((await stage.status(name)).quarantine).toHaveLength(7);
  });

  it('are not tried again by the next run', async () => {
    expect(await stage.run(name)).toMatchObject({
      status: 'incomplete',
      updated: 0,
      batches: 0,
      quarantined: 7,
    });
  });

  it('have two attempts recorded after a retry', async () => {
    expect(await stage.run(name, { retryQuarantined: true })).toMatchObject({
      status: 'incomplete',
      updated: 0,
      quarantined: 7,
    });
    expect((await stage.query<Quarantined>(QUARANTINE)).map(({ attempts }) => attempts)).toEqual(
      POISONED.map(() => 2),
    );
  });

  it('are changed by a retry after the cause is corrected, and no other row is', async () => {
    await stage.query('UPDATE leads SET score = -score WHERE score < 0');
    expect(await stage.run(name, { retryQuarantined: true })).toMatchObject({
      status: 'complete',
      proved: true,
      updated: 7,
      quarantined: 0,
      remaining: 0,
    });
    expect(await stage.value('SELECT count(*) FROM leads WHERE doubled IS DISTINCT FROM 2 * score')).toBe(
      '0',
    );
  });
});

describe('rows in quarantine that a person has changed', () => {
  const stage = stageWith(1_000, CHECK);

  it('do not prevent the backfill from being complete', async () => {
    expect(await stage.run('set')).toMatchObject({ status: 'incomplete', quarantined: 3 });
    await stage.query('UPDATE leads SET doubled = 1 WHERE doubled IS NULL');
    expect(await stage.run('set')).toMatchObject({ status: 'complete', proved: true, quarantined: 0 });
  });
});

describe('more rows in quarantine than `maxQuarantined`', () => {
  const stage = stageWith(1_000, `UPDATE leads SET score = -score WHERE id <= 20 AND score > 0`, CHECK);

  it('fail the backfill, and the report shows the error that they share', async () => {
    const report = await stage.run('few');
    expect(report).toMatchObject({ status: 'failed', quarantined: 6, proved: false });
    expect(report.reason).toMatch(
      /more than 5 rows cannot be changed\. All 6 share one error: .*doubled_is_positive/s,
    );
    expect((await stage.status('few')).status).toBe('failed');
  });

  it('are changed with all others after the cause is corrected', async () => {
    await stage.query('ALTER TABLE leads DROP CONSTRAINT doubled_is_positive');
    expect(await stage.run('few', { retryQuarantined: true })).toMatchObject({
      status: 'complete',
      quarantined: 0,
    });
    expect(await stage.value('SELECT count(*) FROM leads WHERE doubled IS DISTINCT FROM 2 * score')).toBe(
      '0',
    );
  });
});

describe.each([
  ['returns OLD', 'IF OLD.score < 0 THEN RETURN OLD; END IF; RETURN NEW;'],
  ['returns NULL', 'IF OLD.score < 0 THEN RETURN NULL; END IF; RETURN NEW;'],
  ['removes the new value', 'IF OLD.score < 0 THEN NEW.doubled := NULL; END IF; RETURN NEW;'],
])('rows for which a trigger silently %s', (_, body) => {
  describe.each(['set', 'transform'])('in a %s backfill', (name) => {
    const stage = stageWith(
      1_000,
      'UPDATE leads SET score = abs(score), doubled = NULL',
      'UPDATE leads SET score = -score WHERE id % 20 = 0',
      trigger(body),
    );

    it('are quarantined as still pending instead of tried forever', async () => {
      const report = await stage.run(name === 'transform' ? 'transform-any' : name);
      expect(report).toMatchObject({ status: 'incomplete', updated: 950, quarantined: 50 });
      const rows = await stage.query<Quarantined>(QUARANTINE);
      expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (__, at) => (at + 1) * 20));
      for (const { error } of rows)
        expect(error).toMatch(
          /(prevents it|after their change)\. Triggers of the table: interfere \(BEFORE UPDATE, each row\)/,
        );
      expect(report.batches).toBeLessThan(600);
    });
  });
});

describe('rows that a trigger silently keeps from being deleted', () => {
  const stage = stageWith(1_000, trigger('IF OLD.id = 3 THEN RETURN NULL; END IF; RETURN OLD;', 'DELETE'));

  it('are quarantined as still pending', async () => {
    expect(await stage.run('purge')).toMatchObject({
      status: 'incomplete',
      updated: 2,
      quarantined: 1,
      remaining: 1,
    });
    expect(await stage.query(QUARANTINE)).toMatchObject([
      { id: 3, error: expect.stringContaining('interfere (BEFORE DELETE, each row)') as string },
    ]);
  });
});

describe('rows for which the predicate stays true after the change', () => {
  const stage = stageWith(1_000);

  it('are quarantined, and no others', async () => {
    expect(await stage.run('never-false')).toMatchObject({
      status: 'incomplete',
      updated: 997,
      quarantined: 3,
    });
    expect((await stage.query<Quarantined>(QUARANTINE)).map(({ id }) => id)).toEqual([3, 200, 201]);
  });
});
