import {
  Backfill,
  type CopyBackfill,
  type ProcessBackfill,
  type RowColumns,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { LockHolder } from '../../support/server/lock-holder.ts';
import { addLeads, Contact, Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

@Entity('accounts')
class Account {
  @PrimaryColumn({ type: 'text' })
  region!: string;

  @PrimaryColumn({ type: 'int' })
  number!: number;

  @Column({ type: 'text', select: false })
  password!: string;

  @Column({ type: 'text', nullable: true })
  note!: string | null;
}

const PENDING = { entity: Lead, where: { searchName: IsNull() } };

@Backfill<Lead>({ ...PENDING, name: 'set' })
class Set implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

@Backfill<Lead>({ ...PENDING, name: 'transform', reads: ['name'], writes: ['searchName'] })
class Transform implements TransformBackfill<Lead> {
  transform(rows: readonly Lead[]) {
    return rows.map(({ name }) => ({ searchName: name.toUpperCase() }));
  }
}

@Backfill<Lead>({ ...PENDING, name: 'copy', into: Contact })
class Copy implements CopyBackfill<Lead, Contact> {
  copy(row: RowColumns<Lead>) {
    return { leadId: row.id, label: row.name };
  }
}

@Backfill<Account>({ name: 'purge', kind: 'purge', entity: Account, where: { note: IsNull() } })
class Purge {}

@Backfill<Account>({ name: 'passwords', entity: Account, where: `password NOT LIKE '#%'` })
class Passwords implements SetBackfill<Account> {
  set() {
    return { password: `'#' || md5(password)`, note: `repeat('é', 300)` };
  }
}

@Backfill<Lead>({ ...PENDING, name: 'process' })
class Process implements ProcessBackfill<Lead> {
  process(): Promise<void> {
    throw new Error('never called');
  }
}

@Backfill<Lead>({ ...PENDING, name: 'broken' })
class Broken implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN 1 / ((id + 1) % 2) = 1 THEN lower(name) END` };
  }
}

@Backfill<Lead>({ ...PENDING, name: 'choosy', reads: ['name'], writes: ['searchName'] })
class Choosy implements TransformBackfill<Lead> {
  transform(rows: readonly Lead[]) {
    return rows.map(({ name }) => {
      if (name === 'Lead 2') throw new Error(`no name for ${name}`);
      return { searchName: name.toUpperCase() };
    });
  }
}

@Backfill<Lead>({ entity: Lead, name: 'impossible', where: `id = 2 AND search_name IS NULL` })
class Impossible implements SetBackfill<Lead> {
  set() {
    return { searchName: '(1 / (id - id))::text' };
  }
}

@Backfill<Lead>({ ...PENDING, name: 'unchanging' })
class Unchanging implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN id > 1 THEN 'done' END` };
  }
}

describe('a preview', () => {
  const stage = Stage.for({
    entities: [...LEAD_TABLES, Account],
    backfills: [Set, Transform, Copy, Purge, Passwords, Process, Broken, Choosy, Unchanging, Impossible],
    prepare: async (database) => {
      await addLeads(database, 25);
      await database.query(
        `INSERT INTO accounts (region, number, password, note) VALUES ('eu', 1, 'secret', NULL), ('us', 2, '#done', 'kept')`,
      );
    },
  });
  const preview = (name: string, rows?: number) =>
    stage.application.service.preview(name, rows === undefined ? {} : { rows });
  const checksum = () =>
    stage.query(
      `SELECT (SELECT md5(string_agg(l::text, ';' ORDER BY id)) FROM leads AS l) AS leads,
        (SELECT md5(string_agg(a::text, ';' ORDER BY number)) FROM accounts AS a) AS accounts,
        (SELECT count(*)::int FROM contacts) AS contacts, to_regnamespace('nestjs_backfill')::text AS ledger`,
    );

  it('shows ten pending rows before and after the change, and changes nothing', async () => {
    const unchanged = await checksum();
    const { key, rows, problem } = await preview('set');
    expect({ key, problem }).toEqual({ key: ['id'], problem: null });
    expect(rows).toHaveLength(10);
    const ids = rows.map((row) => row.key[0]);
    expect(new globalThis.Set(ids).size).toBe(10);
    for (const {
      key: [id],
      before,
      after,
    } of rows)
      expect({ before, after }).toEqual({
        before: { search_name: null },
        after: { search_name: `lead ${id}` },
      });
    expect(await checksum()).toEqual(unchanged);
  });

  it('takes as many rows as are asked for, at most 100 and at least one', async () => {
    expect((await preview('set', 3)).rows).toHaveLength(3);
    expect((await preview('set', 0)).rows).toHaveLength(1);
    expect((await preview('set', 1e9)).rows).toHaveLength(25);
  });

  it('shows what the code of transform returns', async () => {
    expect((await preview('transform', 1)).rows).toEqual([
      { key: ['1'], before: { search_name: null }, after: { search_name: 'LEAD 1' }, error: null },
    ]);
  });

  it('shows the rows that a copy would insert', async () => {
    expect((await preview('copy', 1)).rows).toEqual([
      { key: ['1'], before: null, after: { lead_id: '1', label: 'Lead 1' }, error: null },
    ]);
    expect(await stage.query('SELECT 1 FROM contacts')).toEqual([]);
  });

  it('shows the rows that a purge would delete, without columns that the entity does not select', async () => {
    expect((await preview('purge')).rows).toEqual([
      {
        key: ['eu', '1'],
        before: { region: 'eu', number: '1', password: '(hidden)', note: null },
        after: null,
        error: null,
      },
    ]);
  });

  it('says only that a column changes that the entity does not select, and shortens long values', async () => {
    const { rows } = await preview('passwords');
    expect(rows).toEqual([
      {
        key: ['eu', '1'],
        before: { password: '(hidden)', note: null },
        after: { password: '(hidden, changed)', note: `${'é'.repeat(200)}…` },
        error: null,
      },
    ]);
    expect(JSON.stringify(rows)).not.toContain('secret');
  });

  it('does not run the code of process, whose effects a rollback may not undo', async () => {
    expect(await preview('process')).toMatchObject({
      rows: [],
      problem: expect.stringMatching(/run for no row.*rehearse/) as string,
    });
  });

  it('has the error of each row that cannot be changed, and shows the other rows', async () => {
    const failed = { before: { search_name: null }, after: null, error: 'division by zero' };
    const { rows, problem } = await preview('broken', 4);
    expect({ problem, rows }).toEqual({
      problem: null,
      rows: [
        { key: ['1'], ...failed },
        { key: ['2'], before: { search_name: null }, after: { search_name: 'lead 2' }, error: null },
        { key: ['3'], ...failed },
        { key: ['4'], before: { search_name: null }, after: { search_name: 'lead 4' }, error: null },
      ],
    });
  });

  it('has the error of the code of transform at the row that causes it', async () => {
    const { rows } = await preview('choosy', 3);
    expect(rows.map(({ after, error }) => error ?? after)).toEqual([
      { search_name: 'LEAD 1' },
      'no name for Lead 2',
      { search_name: 'LEAD 3' },
    ]);
  });

  it('has the error of a row whose change does not make `where` false', async () => {
    const { rows } = await preview('unchanging', 2);
    expect(rows.map(({ after, error }) => error ?? after)).toEqual([
      expect.stringContaining('still match'),
      { search_name: 'done' },
    ]);
  });

  it('has no rows if PostgreSQL accepts the change of no row, and the error', async () => {
    await stage.query(`ALTER TABLE leads RENAME COLUMN search_name TO other`);
    try {
      await expect(preview('set')).rejects.toThrow(/column .*search_name.* does not exist/);
    } finally {
      await stage.query(`ALTER TABLE leads RENAME COLUMN other TO search_name`);
    }
  });

  it.each([
    ['set', 'leads', 'id <= 20', ['21', '22', '23', '24', '25']],
    ['transform', 'leads', 'id <= 20', ['21', '22', '23', '24', '25']],
    ['choosy', 'leads', 'id IN (2, 4)', ['1', '3', '5', '6', '7', '8', '9', '10', '11', '12']],
    ['copy', 'leads', 'id <= 20', ['21', '22', '23', '24', '25']],
    ['purge', 'accounts', `region <> 'eu'`, ['eu']],
  ] as const)(
    'of a %s leaves out rows that another session has locked, at once, and says if these are all',
    async (name, table, locked, keys) => {
      const holder = await LockHolder.hold(
        stage.database,
        `SELECT 1 FROM ${table} WHERE ${locked} FOR UPDATE`,
      );
      try {
        const { rows, problem } = await preview(name);
        expect({ keys: rows.map(({ key }) => key[0]), problem }).toEqual({ keys, problem: null });
        expect(rows.map(({ error }) => error)).toEqual(keys.map(() => null));
        const { plan } = await stage.application.service.plan({ names: [name] });
        expect(JSON.stringify(plan)).not.toContain('lock timeout');
        expect(plan).toMatchObject([{ measuredRowsPerSecond: expect.any(Number) as number }]);
        await holder.query(`SELECT 1 FROM ${table} FOR UPDATE`);
        expect(await preview(name)).toMatchObject({
          rows: [],
          problem: expect.stringContaining('locked') as string,
        });
      } finally {
        await holder.release();
      }
    },
  );

  it('says that only rows in quarantine are pending', async () => {
    await stage.run('impossible');
    expect(await preview('impossible')).toMatchObject({
      rows: [],
      problem: 'No row is pending outside the quarantine.',
    });
  });

  it('says that no row is pending', async () => {
    await stage.query('UPDATE accounts SET note = $$kept$$');
    expect(await preview('purge')).toMatchObject({ rows: [], problem: 'No row is pending.' });
  });
});
