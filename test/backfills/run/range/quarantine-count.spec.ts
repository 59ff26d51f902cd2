import { jest } from '@jest/globals';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { RowSelection } from '../../../../libs/backfill/src/backfills/batch/row-selection.ts';
import { inspectTable } from '../../../../libs/backfill/src/backfills/batch/table.inspector.ts';
import { BackfillRegistry } from '../../../../libs/backfill/src/backfills/definition/backfill.registry.ts';
import { Quarantine } from '../../../../libs/backfill/src/backfills/run/range/quarantine.ts';
import { Ledger } from '../../../../libs/backfill/src/ledger/ledger.ts';
import { installLedger } from '../../../../libs/backfill/src/ledger/ledger.installer.ts';
import type { LeasedRange } from '../../../../libs/backfill/src/ledger/range.ts';
import { Session } from '../../../../libs/backfill/src/postgres/session.ts';
import { Stage } from '../../../support/applications/stage.ts';
import { Lead } from '../../../support/tables/lead-tables.ts';

const ROWS = 400;

@Backfill<Lead>({ name: 'set', entity: Lead, where: { searchName: IsNull() }, maxQuarantined: ROWS })
class SetSearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

describe('the quarantine of a run', () => {
  const stage = Stage.for({
    entities: [Lead],
    backfills: [SetSearchName],
    prepare: (database) =>
      database.query(`INSERT INTO leads (name) SELECT 'Ada' FROM generate_series(1, ${ROWS} + 1)`),
  });
  const ledger = new Ledger({ schema: 'nestjs_backfill', owner: 'host:1:test', leaseMs: 600_000 });
  let session: Session;
  let range: LeasedRange;
  let quarantine: Quarantine;
  let counts: jest.SpiedFunction<RowSelection['ledger']['progress']['counts']>;

  beforeAll(async () => {
    const [definition] = stage.application.context.get(BackfillRegistry).definitions;
    if (!definition) throw new TypeError('no backfill is declared');
    session = await Session.open(definition.dataSource);
    await installLedger(session, 'nestjs_backfill');
    const records = ledger.of(definition);
    await records.locate(session);
    await records.status.open(session, 'set');
    await records.ranges.planSweep(session, null, [{ lower: null, upper: [String(ROWS + 1)], file: null }]);
    range = (await records.leases.lease(session, null, { maxWorkers: 1, leaseScope: null })) as LeasedRange;
    counts = jest.spyOn(records.progress, 'counts');
    const table = await inspectTable(session, definition);
    quarantine = new Quarantine(new RowSelection(definition, records, table, null), 0);
  });
  afterAll(() => session.close());

  const add = (id: number) =>
    quarantine.add(session, range, { key: [String(id)], error: new Error('refused'), cursor: [String(id)] });

  it('is not counted again for each row: the counts grow with its logarithm', async () => {
    for (let id = 1; id <= ROWS; id++) await add(id);
    expect(quarantine.size).toBe(ROWS);
    expect(counts.mock.calls.length).toBeLessThan(ROWS / 5);
  });

  it('does not count a row that is tried again', async () => {
    counts.mockClear();
    for (let id = 1; id <= ROWS; id++) await add(id);
    expect(quarantine.size).toBe(ROWS);
    expect(counts).not.toHaveBeenCalled();
  });

  it('fails at the first row above `maxQuarantined`', async () => {
    await expect(add(ROWS + 1)).rejects.toThrow(`more than ${ROWS} rows cannot be changed`);
  });
});
