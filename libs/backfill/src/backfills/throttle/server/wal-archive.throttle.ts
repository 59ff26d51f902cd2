import type { ServerThrottle } from './server.throttle.js';
import type { ThrottleLimits } from '../throttle.limits.js';

/**
 * SQL expression for the number of a WAL file. Its name has 8 hexadecimal digits each for the timeline, the
 * block of 4 GB, and the file in that block.
 */
function fileNumber(name: string): string {
  return `(
  ('x' || pg_catalog.substr(${name}, 9, 8))::bit(32)::bigint * (4294967296 / pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')))
  + ('x' || pg_catalog.substr(${name}, 17, 8))::bit(32)::bigint)`;
}

/**
 * WAL files that are not archived yet, which can fill the disk. The number is computed from the names of the
 * current file and the last archived file. Listing the directory `archive_status` would be slow if it has
 * many files, and needs privileges that an application does not have.
 */
export class WalArchiveThrottle implements ServerThrottle {
  readonly name = 'WAL archive';
  readonly #limits: NonNullable<ThrottleLimits['walArchive']>;

  constructor(limits: NonNullable<ThrottleLimits['walArchive']>) {
    this.#limits = limits;
  }

  query(): string {
    return `SELECT pg_catalog.json_build_object('failed', a.failed_count, 'waiting',
        CASE WHEN a.last_archived_wal ~ '^[0-9A-F]{24}'
          THEN greatest(0, ${fileNumber('pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn())')} - ${fileNumber('a.last_archived_wal')} - 1) END)
      FROM pg_catalog.pg_stat_archiver AS a WHERE pg_catalog.current_setting('archive_mode') <> 'off' AND NOT pg_catalog.pg_is_in_recovery()`;
  }

  waitReason(value: string | null): string | null {
    if (value === null) return null;
    const { failed, waiting } = JSON.parse(value) as { failed: number; waiting: number | null };
    const { files } = this.#limits;
    if (waiting === null) {
      return failed > 0 ? `the archiver has failed ${failed} times and has not archived any file yet` : null;
    }
    return waiting > files ? `${waiting} files wait for the archiver (limit ${files})` : null;
  }
}
