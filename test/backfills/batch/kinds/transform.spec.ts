import { Inject, Injectable } from '@nestjs/common';
import { Backfill, type BatchContext, type TransformBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryGeneratedColumn } from 'typeorm';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../../support/tables/lead-tables.ts';
import { Stage } from '../../../support/applications/stage.ts';

/** Has a column of every type that TypeORM converts. */
@Entity('measurements')
class Measurement {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'timestamp', name: 'taken_at' })
  takenAt!: Date;

  @Column({ type: 'timestamptz', name: 'sent_at' })
  sentAt!: Date;

  @Column({ type: 'date', name: 'taken_on' })
  takenOn!: string;

  @Column({ type: 'jsonb' })
  payload!: unknown;

  @Column({ type: 'text', array: true })
  tags!: string[];

  @Column({ type: 'bytea' })
  raw!: Buffer;

  @Column({ type: 'numeric' })
  amount!: string;

  @Column({ type: 'simple-array' })
  parts!: string[];

  @Column({
    type: 'text',
    transformer: { to: (value: string) => `<${value}>`, from: (value: string) => value.slice(1, -1) },
  })
  wrapped!: string;

  @Column({ type: 'boolean', nullable: true })
  checked!: boolean | null;
}

@Injectable()
class Alphabet {
  readonly batches: BatchContext[] = [];

  simplify(name: string): string {
    return name
      .normalize('NFD')
      .replace(/\p{Mark}/gu, '')
      .toLowerCase();
  }
}

@Backfill<Lead>({
  name: 'search-name',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['name'],
  writes: ['searchName'],
  batchSize: 7,
  order: 'key',
})
class SearchName implements TransformBackfill<Lead, 'id' | 'name'> {
  constructor(@Inject(Alphabet) private readonly alphabet: Alphabet) {}

  transform(rows: readonly Pick<Lead, 'id' | 'name'>[], context: BatchContext) {
    this.alphabet.batches.push(context);
    return rows.map(({ name }) => ({ searchName: this.alphabet.simplify(name) }));
  }
}

const EVERY_COLUMN = [
  'takenAt',
  'sentAt',
  'takenOn',
  'payload',
  'tags',
  'raw',
  'amount',
  'parts',
  'wrapped',
] as const;

@Backfill<Measurement>({
  name: 'write-back',
  entity: Measurement,
  where: { checked: IsNull() },
  reads: EVERY_COLUMN,
  writes: [...EVERY_COLUMN, 'checked'],
})
class WriteBack implements TransformBackfill<Measurement> {
  transform(rows: readonly Measurement[]) {
    return rows.map(({ id: _, ...row }) => ({ ...row, checked: true }));
  }
}

describe('a `transform` backfill', () => {
  const stage = Stage.for({
    entities: [...LEAD_TABLES, Measurement],
    providers: [Alphabet],
    backfills: [SearchName, WriteBack],
  });
  beforeEach(async () => {
    await resetLeads(stage.database);
    await addLeads(stage.database, 40);
  });

  it('computes values in TypeScript, with injected providers', async () => {
    await stage.query(`UPDATE leads SET name = 'Çelik Ünal ' || id || ' "{\\,}" 💶'`);
    expect(await stage.run('search-name')).toMatchObject({
      status: 'complete',
      updated: 40,
    });
    expect(
      await stage.query(`SELECT id FROM leads WHERE search_name <> 'celik unal ' || id || ' "{\\,}" 💶'`),
    ).toEqual([]);
    const contexts = stage.application.context.get(Alphabet).batches;
    expect(contexts.map(({ batch }) => batch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(contexts[0]).toMatchObject({
      backfill: 'search-name',
      version: 1,
      signal: { aborted: false },
    });
  });

  it('writes dates, JSON, arrays, bytes, numbers and transformed columns back unchanged', async () => {
    await stage.query(`INSERT INTO measurements (taken_at, sent_at, taken_on, payload, tags, raw, amount, parts, wrapped) VALUES
      ('2024-02-29 23:59:59.123', '2024-02-29 23:59:59.123+00', '2024-02-29', '{"a": [1, null, "\\"x"]}', '{"a,b","\\"",NULL}', '\\x00ff5c', 12345678901234567890.123456789, 'a,b', '<w>'),
      ('0044-03-15 12:00:00 BC', '1900-01-01 00:00:00+00', '0001-01-01', '[]', '{}', '', -0.5, '', '<>'),
      ('1969-12-31 23:59:59.999', '2038-01-19 03:14:08+00', '9999-12-31', '"text"', '{""}', '\\x5c78', 0, 'x', '<<>>')`);
    const content = () =>
      stage.query(`SELECT id, taken_at::text, sent_at::text, taken_on::text, payload::text, tags::text, raw::text,
        amount::text, parts, wrapped FROM measurements ORDER BY id`);
    const before = await content();
    expect(await stage.run('write-back')).toMatchObject({ status: 'complete', updated: 3 });
    expect(await content()).toEqual(before);
  });
});
