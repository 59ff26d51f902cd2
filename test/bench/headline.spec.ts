import { compare } from '../../bench/headline/against.mjs';
import { chosenCases, nameOf } from '../../bench/headline/cases.mjs';
import type { CaseRecord } from '../../bench/headline/records.mjs';
import { summarize, summarizeSpeeds } from '../../bench/headline/summary.mjs';

const WAYS = { update: 'one UPDATE', library: 'library pause 0' } as const;

function record(given: Partial<CaseRecord>): CaseRecord {
  return {
    kind: 'case',
    run: 'first',
    commit: 'abc',
    machine: { cpu: 'x', cores: 2, memoryGib: 8, postgres: '18.4', node: 'v22' },
    at: '2026-01-01T00:00:00Z',
    round: 0,
    table: 'uuid',
    way: WAYS.library,
    users: 'none',
    rows: 1_000,
    seconds: 10,
    done: 1_000,
    walBytes: 500_000,
    fullPages: 0,
    hotShare: 0.5,
    bytesBefore: 100,
    bytesAfter: 130,
    checkpointSeconds: 0,
    ...given,
  };
}

const lineOf = (records: readonly CaseRecord[]) => {
  const line = summarize(records).find(({ first }) => first.way === WAYS.library);
  if (!line) throw new Error('no line');
  return line;
};

describe('the headline of the bench', () => {
  it('compares a way with the UPDATE of its own run and round only', () => {
    const records = [
      record({ way: WAYS.update, seconds: 20 }),
      record({ seconds: 10 }),
      record({ run: 'second', way: WAYS.update, seconds: 5 }),
      record({ run: 'second', seconds: 10 }),
      record({ run: 'third', seconds: 10 }),
    ];
    expect(lineOf(records).time).toEqual({ value: 1.25, low: 0.5, high: 2 });
  });

  it('does not compare a way with users at work with an UPDATE without them', () => {
    const records = [record({ way: WAYS.update }), record({ users: 'busy' })];
    expect(lineOf(records).time).toBeUndefined();
  });

  it('compares rows per second of two networks', () => {
    const records = [
      record({ label: 'round trip of 0.2 ms', seconds: 10 }),
      record({ label: 'round trip of 110 ms', seconds: 40 }),
    ];
    expect(summarizeSpeeds(records).map(({ ratio }) => ratio.value)).toEqual([0.25]);
  });

  it('always measures one UPDATE beside the chosen ways, on the chosen table only', () => {
    const cases = chosenCases(
      { tables: ['wide'], ways: ['library defaults'], users: 'none' },
      (rows) => rows,
    );
    expect(cases.map(nameOf)).toEqual(['wide: one UPDATE', 'wide: library defaults']);
  });
});

describe('bench --against', () => {
  const run = (seconds: number, growth = 0.3) => [
    record({ way: WAYS.update, seconds: 10 }),
    record({ seconds, bytesAfter: 100 * (1 + growth) }),
  ];
  const verdicts = (kept: readonly CaseRecord[], now: readonly CaseRecord[]) =>
    Object.fromEntries(
      compare(kept, now)
        .filter(({ name }) => name === 'uuid: library pause 0')
        .map(({ number, verdict }) => [number, verdict]),
    );

  it('names a number that differs beyond the assumed spread of one round, and leaves out a smaller difference', () => {
    expect(verdicts(run(10), run(12, 0.31))).toEqual({ time: 'worse', WAL: 'same', growth: 'same' });
    expect(verdicts(run(10), run(10.5, 0.2))).toEqual({ time: 'same', WAL: 'same', growth: 'better' });
  });

  it('uses the spread of the rounds when it is larger', () => {
    const kept = [10, 13].flatMap((seconds, round) => run(seconds).map((each) => ({ ...each, round })));
    expect(verdicts(kept, run(14))).toMatchObject({ time: 'same' });
    expect(verdicts(kept, run(16))).toMatchObject({ time: 'worse' });
  });

  it('compares only results of the same table and size', () => {
    const other = run(50).map((each) => ({ ...each, rows: 2_000 }));
    expect(compare(run(10), other)).toEqual([]);
  });
});
