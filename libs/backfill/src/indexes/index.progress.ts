import type { DataSource } from 'typeorm';

/** How often progress is told, in milliseconds. */
const EVERY = 5000;

const PROGRESS = `
  SELECT phase, blocks_done::float8 AS done, blocks_total::float8 AS total, lockers_done::int AS lockers,
         lockers_total::int AS of_lockers, nullif(current_locker_pid, 0)::int AS locker
    FROM pg_stat_progress_create_index WHERE pid = $1`;

/** Runs `work`, and tells meanwhile how far the build has come and whom it waits for. */
export async function withProgress<T>(
  dataSource: DataSource,
  pid: number,
  tell: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const look = async () => {
    const [row] = await dataSource.query<Record<string, unknown>[]>(PROGRESS, [pid]);
    if (row) tell(describe(row));
  };
  // Progress that cannot be read must not end the build.
  const timer = setInterval(() => void look().catch(() => undefined), EVERY);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

function describe(row: Record<string, unknown>): string {
  const total = Number(row['total']);
  const share = total > 0 ? `, ${Math.floor((100 * Number(row['done'])) / total)} % of the table` : '';
  const locker = typeof row['locker'] === 'number' ? `, waiting for pid ${row['locker']}` : '';
  return `${String(row['phase'])}${share}${locker}`;
}
