import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { Recorder } from '../../support/runs/recorder.ts';

@Entity('parcels', { synchronize: false })
class Parcel {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  label!: string | null;
}

class SetLabel implements SetBackfill<Parcel> {
  set() {
    return { label: "'done'" };
  }
}

const pending = { entity: Parcel, where: { label: IsNull() } } as const;
@Backfill<Parcel>({ ...pending, name: 'in-pages', order: 'page' })
class InPages extends SetLabel {}
@Backfill<Parcel>({ ...pending, name: 'by-key', order: 'key' })
class ByKey extends SetLabel {}

describe('triggers and rules of partitions', () => {
  const stage = Stage.for({ entities: [Parcel], backfills: [InPages, ByKey] });

  beforeEach(() =>
    stage.query(`DROP SCHEMA IF EXISTS nestjs_backfill CASCADE; DROP TABLE IF EXISTS parcels, fired;
      CREATE TABLE parcels (id int PRIMARY KEY, label text) PARTITION BY RANGE (id);
      CREATE TABLE parcels_1 PARTITION OF parcels FOR VALUES FROM (0) TO (100);
      CREATE TABLE parcels_2 PARTITION OF parcels FOR VALUES FROM (100) TO (200);
      INSERT INTO parcels SELECT generate_series(0, 199);
      CREATE TABLE fired (name text);
      CREATE OR REPLACE FUNCTION record_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO fired VALUES (tg_name); RETURN new; END $$;
      CREATE TRIGGER on_every_row AFTER UPDATE ON parcels FOR EACH ROW EXECUTE FUNCTION record_trigger();
      CREATE TRIGGER on_some_rows AFTER UPDATE ON parcels_1 FOR EACH ROW EXECUTE FUNCTION record_trigger()`),
  );

  const firedBy = async (name: string) => {
    const recorder = new Recorder();
    expect(await stage.run(name, { recorder })).toMatchObject({ status: 'complete', updated: 200 });
    const fired = await stage.query<{ name: string; times: number }>(
      'SELECT name, count(*)::int AS times FROM fired GROUP BY name ORDER BY name',
    );
    return { fired, order: recorder.notes.find((note) => note.startsWith('Sweeps in')) };
  };

  it('that fire for each row are named by the plan, each once', async () => {
    const { plan } = await stage.application.service.plan({ names: ['in-pages'] });
    expect(plan[0]?.triggers).toEqual([
      'on_every_row (AFTER UPDATE, each row)',
      'on_some_rows of public.parcels_1 (AFTER UPDATE, each row)',
    ]);
    expect(await firedBy('in-pages')).toMatchObject({
      fired: [
        { name: 'on_every_row', times: 200 },
        { name: 'on_some_rows', times: 100 },
      ],
      order: expect.stringContaining('page order') as string,
    });
  });

  it.each([
    [
      'a statement-level trigger of the partition parcels_2 would fire',
      'CREATE TRIGGER on_statement AFTER UPDATE ON parcels_2 FOR EACH STATEMENT EXECUTE FUNCTION record_trigger()',
    ],
    [
      'a rule of the partition parcels_2 would apply',
      "CREATE RULE on_update AS ON UPDATE TO parcels_2 DO ALSO INSERT INTO fired VALUES ('a rule')",
    ],
  ])(
    'that a change of the table does not fire keep their partition from page order: %s',
    async (reason, sql) => {
      await stage.query(sql);
      const { plan } = await stage.application.service.plan({ names: ['in-pages'] });
      expect(plan[0]?.triggers).toHaveLength(2);
      const { fired, order } = await firedBy('in-pages');
      expect(order).toBe(`Sweeps in key order: ${reason}.`);
      expect(fired.map(({ name }) => name)).toEqual(['on_every_row', 'on_some_rows']);
    },
  );
});
