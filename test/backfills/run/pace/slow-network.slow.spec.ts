import { Backfill, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import type { ReportedPace } from 'nestjs-backfill/reports';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { TestApplication } from '../../../support/applications/application.ts';
import { Recorder } from '../../../support/runs/recorder.ts';
import { until } from '../../../support/runs/until.ts';
import { TestDatabase } from '../../../support/server/database.ts';
import { ProtocolProxy } from '../../../support/server/protocol-proxy.ts';

@Entity('contacts')
class Contact {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  state!: string | null;
}

const ROUND_TRIP_MS = 110;
/** A round trip takes longer than the target, and the server's time for 40 rows is far shorter. */
const PACE = { entity: Contact, batchSize: 10, maxBatchSize: 40, targetDuration: 100 } as const;

@Backfill<Contact>({ ...PACE, name: 'by-sql', where: { state: IsNull() } })
class BySql implements SetBackfill<Contact> {
  set() {
    return { state: `'new'` };
  }
}

@Backfill<Contact>({ ...PACE, name: 'by-code', where: { state: IsNull() }, reads: [], writes: ['state'] })
class ByCode implements TransformBackfill<Contact> {
  transform(rows: readonly Contact[]) {
    return rows.map(() => ({ state: 'new' }));
  }
}

@Backfill<Contact>({ ...PACE, name: 'paused', where: { state: IsNull() }, pause: 400 })
class WithPause extends BySql {}

@Backfill<Contact>({ ...PACE, name: 'automatic', where: { state: IsNull() }, pause: 'auto' })
class Automatic extends BySql {}

/** The rows of each batch. */
function sizesOf({ progress }: Recorder): number[] {
  return progress.map(({ updated }, at) => updated - (progress[at - 1]?.updated ?? 0));
}

describe('a run over a network with a round trip of 110 ms', () => {
  let database: TestDatabase;
  let proxy: ProtocolProxy;
  let application: TestApplication;

  beforeAll(async () => {
    database = await TestDatabase.create();
    proxy = await ProtocolProxy.start(database, ROUND_TRIP_MS);
    application = await TestApplication.start({
      database: proxy.database,
      entities: [Contact],
      backfills: [BySql, ByCode, WithPause, Automatic],
    });
  });
  beforeEach(async () => {
    await database.query(`TRUNCATE contacts`);
    await database.query(`INSERT INTO contacts (id) SELECT generate_series(1, 3000)`);
    await database.query('DROP SCHEMA IF EXISTS nestjs_backfill CASCADE');
  });
  afterAll(async () => {
    await application.stop();
    await proxy.close();
    await database.drop();
  });

  async function run(name: string): Promise<Recorder> {
    const recorder = new Recorder();
    const { outcome } = await application.service.run({ names: [name], observer: recorder });
    expect(outcome).toBe('complete');
    return recorder;
  }

  async function paceOf(name: string): Promise<ReportedPace | null> {
    const { backfills } = await application.service.status({ names: [name] });
    return backfills[0]?.pace ?? null;
  }

  it.each(['by-sql', 'by-code', 'automatic'])('grows its batches to the maximum: %s', async (name) => {
    const sizes = sizesOf(await run(name));
    expect(sizes[0]).toBe(10);
    // The last batch of a window of 500 keys can be smaller.
    expect(sizes.filter((rows) => rows < 10).length).toBeLessThanOrEqual(6);
    expect(Math.max(...sizes)).toBe(40);
  });

  it('reports once that the network limits it, in the log and the status', async () => {
    await database.query(`INSERT INTO contacts (id) SELECT generate_series(3001, 60000)`);
    const recorder = new Recorder();
    const running = application.service.run({ names: ['by-sql'], observer: recorder });
    let pace: ReportedPace | null = null;
    await until(async () => (pace = await paceOf('by-sql')) !== null);
    expect(pace).toMatchObject({ limitedBy: 'network', rowsPerBatch: expect.any(Number) as number });
    await running;
    expect(recorder.notes.filter((note) => note.startsWith('Limited by'))).toEqual([
      expect.stringMatching(/^Limited by the network\. A batch of \d+ rows takes .* ms in the network/),
    ]);
    expect(await paceOf('by-sql')).toBeNull();
  });

  it('reports that its pause limits it, if the pause is longer', async () => {
    await database.query('DELETE FROM contacts WHERE id > 100');
    const recorder = await run('paused');
    expect(recorder.notes.filter((note) => note.startsWith('Limited by'))).toEqual([
      expect.stringContaining('Limited by the pause between batches.'),
    ]);
  });
});
