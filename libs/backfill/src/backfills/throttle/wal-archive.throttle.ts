import type { ServerThrottle } from './throttle.js';
import type { ThrottleLimits } from './throttle.limits.js';

/** A WAL file's number from its name: 8 hexadecimal digits each of timeline, 4 GB block, and file in it. */
const fileNumber = (name: string): string => `(
  ('x' || substr(${name}, 9, 8))::bit(32)::bigint * (4294967296 / pg_size_bytes(current_setting('wal_segment_size')))
  + ('x' || substr(${name}, 17, 8))::bit(32)::bigint)`;

/**
 * WAL files that the archiver has not taken yet: the disk fills with them. Counted from the file that it took last, and not by
 * listing `archive_status`, which takes long just when there are many and needs rights that an application has not.
 */
export class WalArchiveThrottle implements ServerThrottle {
  readonly name = 'WAL archive';
  readonly #limits: NonNullable<ThrottleLimits['walArchive']>;

  constructor(limits: NonNullable<ThrottleLimits['walArchive']>) {
    this.#limits = limits;
  }

  query(): string {
    return `SELECT json_build_object('failed', a.failed_count, 'waiting',
        CASE WHEN a.last_archived_wal ~ '^[0-9A-F]{24}'
          THEN greatest(0, ${fileNumber('pg_walfile_name(pg_current_wal_lsn())')} - ${fileNumber('a.last_archived_wal')} - 1) END)
      FROM pg_stat_archiver AS a WHERE current_setting('archive_mode') <> 'off' AND NOT pg_is_in_recovery()`;
  }

  judge(value: string | null): string | null {
    if (value === null) return null;
    const { failed, waiting } = JSON.parse(value) as { failed: number; waiting: number | null };
    const { files } = this.#limits;
    if (waiting === null) {
      return failed > 0 ? `the archiver has failed ${failed} times and has archived nothing yet` : null;
    }
    return waiting > files ? `${waiting} files wait for the archiver (limit ${files})` : null;
  }
}
