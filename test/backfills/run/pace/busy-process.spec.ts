import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { Stage } from '../../../support/applications/stage.ts';
import { Recorder } from '../../../support/runs/recorder.ts';

@Entity('contacts')
class Contact {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  state!: string | null;
}

/** The process is busy for longer than the target at a time, and the server's time for 40 rows is far shorter. */
const BUSY_MS = 120;

@Backfill<Contact>({
  name: 'contacts-state',
  entity: Contact,
  where: { state: IsNull() },
  batchSize: 10,
  maxBatchSize: 40,
  targetDuration: 100,
})
class ContactsState implements SetBackfill<Contact> {
  set() {
    return { state: `'new'` };
  }
}

function beBusy(): void {
  const until = performance.now() + BUSY_MS;
  while (performance.now() < until);
}

describe('a run in a process that is busy with other work', () => {
  const stage = Stage.for({
    entities: [Contact],
    backfills: [ContactsState],
    prepare: (database) => database.query(`INSERT INTO contacts (id) SELECT generate_series(1, 3000)`),
  });

  it('grows its batches to the maximum, and reports that the process limits it', async () => {
    const recorder = new Recorder();
    const other = setInterval(beBusy, 1);
    try {
      await stage.run('contacts-state', { recorder });
    } finally {
      clearInterval(other);
    }
    const sizes = recorder.progress.map(
      ({ updated }, at) => updated - (recorder.progress[at - 1]?.updated ?? 0),
    );
    expect(Math.max(...sizes)).toBe(40);
    expect(recorder.notes.filter((note) => note.startsWith('Limited by'))).toEqual([
      expect.stringContaining("Limited by the run's process."),
    ]);
  });
});
