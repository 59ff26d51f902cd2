import { count, seconds } from '../report/numbers.mjs';
import { BASELINE, nameOf } from './cases.mjs';
import { measureCase } from './measure-case.mjs';
import { keep } from './records.mjs';

/** A way that is this much slower than one UPDATE is stopped. */
const MAX_RATIO = 6;
/** A short table is finished in any case. */
const MIN_LIMIT_SECONDS = 30;
/** A quick run only shows that a way runs. */
const QUICK_LIMIT_SECONDS = 10;
/** For one UPDATE itself, and for cases that are not compared with it. */
const MAX_SECONDS = 900;
/** A user works alone for this time before a way. */
const QUIET_MS = 10_000;

/**
 * @typedef {object} HeadlineSetting
 * @property {import('../lib/bench-server.mjs').BenchServer} server with PostgreSQL's defaults
 * @property {import('./records.mjs').Origin} origin
 * @property {string} file receives each result
 * @property {number} repeat
 * @property {boolean} quick whether the scale is too small for meaningful numbers
 * @property {(line: string) => void} log
 */

/**
 * Measures all cases in rounds. Every second round runs in reverse order, so that other load on the machine
 * affects all ways.
 * @param {readonly import('./cases.mjs').Case[]} cases
 * @param {HeadlineSetting} setting
 * @returns {Promise<import('./records.mjs').CaseRecord[]>}
 */
export async function measureHeadline(cases, { server, origin, file, repeat, quick, log }) {
  const quietMs = quick ? 200 : QUIET_MS;
  /** @type {import('./records.mjs').CaseRecord[]} */
  const records = [];
  for (let round = 0; round < repeat; round++) {
    for (const aCase of round % 2 === 0 ? cases : [...cases].reverse()) {
      const base = records.find(
        ({ way, table, users, rows }) =>
          way === BASELINE && table === aCase.table && users === aCase.users && rows === aCase.rows,
      );
      const maxSeconds = quick
        ? QUICK_LIMIT_SECONDS
        : base
          ? Math.max(MIN_LIMIT_SECONDS, MAX_RATIO * base.seconds)
          : MAX_SECONDS;
      const measured = await measureCase(server, aCase, { maxSeconds, quietMs });
      /** @type {import('./records.mjs').CaseRecord} */
      const record = {
        kind: 'case',
        ...origin,
        at: new Date().toISOString(),
        round,
        ...aCase,
        ...measured,
      };
      records.push(record);
      await keep(file, record);
      log(sentence(record));
    }
  }
  return records;
}

/** @param {import('./records.mjs').CaseRecord} record */
function sentence(record) {
  const { rows, done, during, before, roundTripMs, ...measured } = record;
  const growth = (100 * (measured.bytesAfter / measured.bytesBefore - 1)).toFixed(0);
  const mib = (measured.bytesBefore / 2 ** 20).toFixed(0);
  const parts = [
    `${seconds(measured.seconds)}, WAL ${count(measured.walBytes / rows)} B a row, growth ${growth} % of ${mib} MiB`,
    measured.serverCpuSeconds === undefined
      ? ''
      : `processor time ${seconds(measured.serverCpuSeconds)} of the server, ${seconds(measured.clientCpuSeconds ?? NaN)} of the client`,
    `heap-only ${(100 * measured.hotShare).toFixed(0)} %, checkpoint after it ${seconds(measured.checkpointSeconds)}`,
    during && before
      ? `users' p99 ${during.p99.toFixed(1)} against ${before.p99.toFixed(1)} ms, longest ${during.longest.toFixed(0)} ms`
      : '',
    roundTripMs === undefined ? '' : `round trip measured ${roundTripMs.toFixed(1)} ms`,
    done < rows ? `stopped after ${count(done)} of ${count(rows)} rows` : '',
  ];
  return `${nameOf(record)}: ${parts.filter(Boolean).join('; ')}`;
}
