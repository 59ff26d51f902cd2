import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { until } from '../../support/runs/until.ts';
import { Recorder } from '../../support/runs/recorder.ts';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'long-names', entity: Lead, where: { searchName: IsNull() }, batchSize: 100 })
class LongNames implements SetBackfill<Lead> {
  set() {
    return { searchName: `repeat(md5(id::text), 30)` };
  }
}

/** A file system of a few megabytes in memory, which can grow. */
class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'small-disk-'));

  /** @returns null where this process may not mount file systems */
  static mount(owner: number): SmallDisk | null {
    if (owner < 0) return null;
    const disk = new SmallDisk();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'none', disk.folder], { stdio: 'pipe' });
    } catch {
      rmdirSync(disk.folder);
      return null;
    }
    chownSync(disk.folder, owner, owner);
    return disk;
  }
  grow(): void {
    execFileSync('mount', ['-o', 'remount,size=64m', this.folder]);
  }
  unmount(): void {
    execFileSync('umount', [this.folder]);
    rmdirSync(this.folder);
  }
}

describe('a full disk of the server', () => {
  it('holds a run with this reason, and the run continues when there is room again; no row is blamed', async () => {
    const database = await TestDatabase.create();
    const [row] = await database.query<{ folder: string }>(
      `SELECT current_setting('data_directory') AS folder`,
    );
    const disk = SmallDisk.mount(ownerOf(row?.folder ?? ''));
    if (disk === null) {
      console.warn('Not checked: a full disk needs a local server, and the right to mount a file system.');
      await database.drop();
      return;
    }
    const application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [LongNames],
    });
    const space = `small_${database.name}`;
    try {
      await database.query(`CREATE TABLESPACE ${space} LOCATION '${disk.folder}'`);
      await database.query(`ALTER TABLE leads SET TABLESPACE ${space}`);
      await database.query(
        `INSERT INTO leads (name) SELECT 'Lead ' || i FROM generate_series(1, 10000) AS i`,
      );
      const recorder = new Recorder();
      const run = application.service.run({
        observer: { waiting: (event) => void recorder.waiting(event) },
      });
      await recorder.until(({ waits }) =>
        waits.some(({ waitingFor }) => /space on the server's disk/.test(waitingFor)),
      );
      await until(async () => {
        const [status] = (await application.service.status()).backfills;
        return /space on the server's disk: .*No space left on device/.test(status?.waitingFor ?? '');
      });
      disk.grow();
      expect((await run).backfills[0]).toMatchObject({ status: 'complete', updated: 10_000, quarantined: 0 });
    } finally {
      await application.stop();
      await database.query(`ALTER TABLE leads SET TABLESPACE pg_default`);
      await database.query(`DROP TABLESPACE ${space}`);
      await database.drop();
      disk.unmount();
    }
  });
});

/** -1 if the folder is on another machine, or this process may not see it: nothing can be mounted then either. */
function ownerOf(folder: string): number {
  try {
    return statSync(folder).uid;
  } catch {
    return -1;
  }
}
