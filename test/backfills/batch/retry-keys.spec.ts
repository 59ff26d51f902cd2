import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { RetryKeysError } from 'nestjs-backfill/errors';
import { BackfillRecords } from 'nestjs-backfill/operate';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { Recorder } from '../../support/runs/recorder.ts';

@Entity('parts')
class Part {
  @PrimaryColumn({ type: 'text' })
  plant!: string;

  @PrimaryColumn({ type: 'int' })
  number!: number;

  @Column({ type: 'text' })
  size!: string;

  @Column({ type: 'int', nullable: true })
  parsed!: number | null;
}

@Backfill<Part>({ name: 'sizes', entity: Part, where: { parsed: IsNull() }, tenant: 'plant' })
class Sizes implements SetBackfill<Part> {
  set() {
    return { parsed: 'size::int' };
  }
}

@Backfill<Part>({ name: 'other', entity: Part, where: { parsed: IsNull() } })
class Other extends Sizes {}

describe('rows in quarantine, chosen by their keys', () => {
  const stage = Stage.for({ entities: [Part], backfills: [Sizes, Other] });
  const attempts = async () =>
    Object.fromEntries(
      (
        await stage.query<{ at: string; attempts: number }>(
          `SELECT key->>1 AS at, attempts FROM nestjs_backfill.quarantined_row WHERE name = 'sizes' ORDER BY key`,
        )
      ).map((row) => [row.at, row.attempts]),
    );
  const records = () => stage.application.context.get(BackfillRecords);

  beforeEach(async () => {
    await stage.query('TRUNCATE parts');
    await stage.query('DROP SCHEMA IF EXISTS nestjs_backfill CASCADE');
    await stage.query(
      `INSERT INTO parts (plant, number, size) SELECT 'a', i, CASE WHEN i % 5 = 0 THEN 'wide ' || i ELSE i::text END FROM generate_series(1, 30) AS i`,
    );
    expect(await stage.run('sizes')).toMatchObject({ updated: 24, quarantined: 6 });
  });

  it('are tried again, and no other row is', async () => {
    await stage.query(`UPDATE parts SET size = '7' WHERE number IN (5, 10, 15)`);
    const retryKeys = [
      ['a', '5'],
      ['a', '20'],
    ];
    expect(await stage.run('sizes', { retryKeys })).toMatchObject({ updated: 1, quarantined: 5 });
    expect(await attempts()).toEqual({ '10': 1, '15': 1, '20': 2, '25': 1, '30': 1 });
    expect(
      await stage.value('SELECT array_agg(number ORDER BY number) FROM parts WHERE parsed IS NULL'),
    ).toBe('10,15,20,25,30');
  });

  it('are reported if they are not in quarantine any more, and the others are tried', async () => {
    await stage.query(`UPDATE parts SET size = '7' WHERE number = 5`);
    const recorder = new Recorder();
    const retryKeys = [
      ['a', '5'],
      ['a', '5'],
      ['a', '6'],
    ];
    expect(await stage.run('sizes', { retryKeys, recorder })).toMatchObject({ updated: 1 });
    expect(recorder.notes.join('\n')).toContain('1 of the 2 rows to retry are not in quarantine any more.');
  });

  it.each<[string, string[], unknown, RegExp]>([
    ['for several backfills', ['sizes', 'other'], [['a', '5']], /keys belong to one backfill/],
    ['that are none', ['sizes'], [], /no key was given.*plant, number/s],
    ['with too few columns', ['sizes'], [['5']], /\["5"\] is not a key.*plant, number/s],
    ['with values that are no text', ['sizes'], [['a', 5]], /\["a",5\] is not a key/],
    [
      'that are more than 1,000',
      ['sizes'],
      Array.from({ length: 1_001 }, () => ['a', '5']),
      /1000 are the most/,
    ],
  ])('are refused before anything runs: keys %s', async (_, names, keys, message) => {
    const retryKeys = keys as string[][];
    const attempt = stage.application.service.run({ names, retryKeys });
    await expect(attempt).rejects.toThrow(RetryKeysError);
    await expect(stage.application.service.run({ names, retryKeys })).rejects.toThrow(message);
    expect(new Set(Object.values(await attempts()))).toEqual(new Set([1]));
  });

  it('are listed one by one, in parts, by error and by key', async () => {
    await stage.query(`UPDATE nestjs_backfill.quarantined_row SET error = 'another' WHERE key->>1 = '30'`);
    const first = await records().quarantinedRows('sizes', { limit: 2 });
    expect(first.total).toBe(6);
    expect(first.items).toMatchObject([
      { tenant: 'a', code: '22P02', attempts: 1, error: expect.stringContaining('"wide ') as string },
      {},
    ]);
    const next = await records().quarantinedRows('sizes', { limit: 10, offset: 2 });
    expect(new Set([...first.items, ...next.items].map(({ key }) => key.join()))).toEqual(
      new Set(['a,5', 'a,10', 'a,15', 'a,20', 'a,25', 'a,30']),
    );
    const [group] = await records().quarantine('sizes');
    expect(await records().quarantinedRows('sizes', { error: group?.error ?? '' })).toMatchObject({
      total: 5,
    });
    const keys = [
      ['a', '30'],
      ['a', '31'],
    ];
    expect(await records().quarantinedRows('sizes', { keys })).toMatchObject({
      total: 1,
      items: [{ error: 'another' }],
    });
  });
});
