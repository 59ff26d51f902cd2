import { Backfill, type TransformBackfill } from 'nestjs-backfill';
import { EntitySchema, IsNull } from 'typeorm';
import { Stage } from '../../../support/applications/stage.ts';

interface Meeting {
  id: number;
  at: Date;
  local: Date;
  payload: { name?: string; id?: number };
  slug: string | null;
}

const Meeting = new EntitySchema<Meeting>({
  name: 'Meeting',
  tableName: 'meetings',
  columns: {
    id: { type: 'int', primary: true },
    at: { type: 'timestamptz' },
    local: { type: 'timestamp' },
    payload: { type: 'jsonb' },
    slug: { type: 'text', nullable: true },
  },
});
const carried = ['at', 'local', 'payload'] as const;

@Backfill<Meeting>({
  name: 'carry',
  entity: Meeting,
  where: { slug: IsNull() },
  reads: carried,
  writes: [...carried, 'slug'],
})
class Carry implements TransformBackfill<Meeting, (typeof carried)[number]> {
  /** Returns everything that it has read; of the second row it changes the payload in place. */
  transform(rows: readonly Pick<Meeting, 'id' | (typeof carried)[number]>[]) {
    return rows.map(({ id, at, local, payload }) => {
      if (id === 2) payload.name = 'changed';
      return { at, local, payload, slug: 'done' };
    });
  }
}

@Backfill<Meeting>({
  name: 'shift',
  entity: Meeting,
  where: { slug: IsNull() },
  reads: { at: 'text', payload: 'text', local: 'value' },
  writes: [...carried, 'slug'],
})
class Shift implements TransformBackfill<Meeting, (typeof carried)[number], 'at' | 'payload'> {
  /** Changes each column in its exact representation. */
  transform(rows: readonly { readonly at: string; readonly payload: string; readonly local: Date }[]) {
    return rows.map(({ at, payload }) => ({
      at: at.replace('2026', '2027'),
      payload: payload.replace('}', ', "name": "added"}'),
      slug: typeof at,
    }));
  }
}

describe('a `transform` backfill that returns columns as it has read them', () => {
  const stage = Stage.for({ entities: [Meeting], backfills: [Carry, Shift] });
  const rows = () => stage.query(`SELECT id, at::text, local::text, payload::text FROM meetings ORDER BY id`);

  beforeEach(() =>
    stage.query(`TRUNCATE meetings; INSERT INTO meetings (id, at, local, payload)
      SELECT n, '2026-03-29 01:30:00.123456+00', '2026-03-29 02:30:00.654321', '{"id": 9007199254740993}' FROM generate_series(1, 3) AS n`),
  );

  it('leaves their microseconds, hours that a change of the clock skips, and large numbers in JSON as they are', async () => {
    const before = await rows();
    expect(await stage.run('carry')).toMatchObject({ status: 'complete', updated: 3 });
    const after = await rows();
    expect([after[0], after[2]]).toEqual([before[0], before[2]]);
  });

  it('writes an object that its code has changed in place', async () => {
    await stage.run('carry');
    expect(await stage.value(`SELECT payload ->> 'name' FROM meetings WHERE id = 2`)).toBe('changed');
    expect(
      await stage.value(
        `SELECT at::text = '2026-03-29 01:30:00.123456+00'::timestamptz::text FROM meetings WHERE id = 2`,
      ),
    ).toBe('true');
  });

  it('has a plan that names the columns of which a changed value would lose digits', async () => {
    const { plan } = await stage.application.service.plan({ names: ['carry'] });
    const warned = plan[0]?.warnings.filter((warning) => warning.includes('reads and writes')) ?? [];
    expect(warned.map((warning) => /"(\w+)"/.exec(warning)?.[1])).toEqual(['at', 'local', 'payload']);
  });

  it('changes a value exactly if it reads it as text', async () => {
    expect(await stage.run('shift')).toMatchObject({ status: 'complete', updated: 3 });
    expect(
      await stage.query(
        `SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS at, payload ->> 'id' AS id, payload ->> 'name' AS name, slug,
           local::text AS local FROM meetings WHERE id = 1`,
      ),
    ).toEqual([
      {
        at: '2027-03-29 01:30:00.123456',
        id: '9007199254740993',
        name: 'added',
        slug: 'string',
        local: '2026-03-29 02:30:00.654321',
      },
    ]);
  });

  it('has a plan without these warnings for columns that it reads as text', async () => {
    const [plan] = (await stage.application.service.plan({ names: ['shift'] })).plan;
    expect(plan?.warnings.filter((warning) => /"(at|payload)"/.test(warning))).toEqual([]);
    expect(plan?.warnings.filter((warning) => warning.includes('"local"'))).toHaveLength(1);
  });
});
