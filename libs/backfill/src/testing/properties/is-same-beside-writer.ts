import { setTimeout as pause } from 'node:timers/promises';
import type { RehearsalStage, RehearsedRun } from '../rehearsal.options.js';
import { assertProved, assertSame, plainRun } from './description.js';

/** Milliseconds. A writer without a pause could keep its rows locked so that a slow machine never gets one of them. */
const BETWEEN_WRITES_MS = 5;

/**
 * A run changes the same while another session writes all rows again and again, with the same values: it waits
 * for locks, and each batch finds newer versions of its rows.
 *
 * @publicApi
 */
export async function isSameBesideWriter(stage: RehearsalStage): Promise<void> {
  const expected = await plainRun(stage);
  await stage.restore();
  let isFinished = false;
  let writer: Promise<void> | undefined;
  const startRun = () => stage.run({ batchSize: 1 }).finally(() => (isFinished = true));
  const actual = await new Promise<RehearsedRun>((resolve, reject) => {
    // The run begins after the first write, so that every row has a newer version.
    writer = write(stage, {
      until: () => isFinished,
      onFirst: () => void startRun().then(resolve, reject),
    });
    writer.catch(reject);
  });
  await writer;
  const what = 'a run beside a writer';
  await assertProved(stage, actual, what);
  assertSame(stage, { expected, actual, what });
}

interface WriterOptions {
  readonly until: () => boolean;
  readonly onFirst: () => void;
}

async function write({ dataSource, table }: RehearsalStage, options: WriterOptions): Promise<void> {
  const session = dataSource.createQueryRunner();
  try {
    const rows = (await session.query(
      `SELECT pg_catalog.quote_ident(attname) AS "column" FROM pg_catalog.pg_attribute
        WHERE attrelid = $1::regclass::oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''
        ORDER BY attnum LIMIT 1`,
      [table],
    )) as { column: string }[];
    // A table may have generated columns only; then nothing can write beside the backfill either.
    const [assigned] = rows.map(({ column }) => `${column} = ${column}`);
    const update = assigned === undefined ? 'SELECT' : `UPDATE ${table} SET ${assigned}`;
    await session.query(update);
    options.onFirst();
    while (!options.until()) {
      await pause(BETWEEN_WRITES_MS);
      await session.query(update);
    }
  } finally {
    await session.release();
  }
}
