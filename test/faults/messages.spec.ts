import { FAULTS, type Fault } from '../support/server/protocol-proxy.ts';
import { seed } from '../support/runs/seeded-random.ts';
import { FaultLane } from './fault-lane.ts';
import { nameOf, WORKS, type Work } from './items.ts';

/** Tests every nth message; 1 tests all of them. */
const EVERY = Number(process.env['FAULTS_EVERY'] ?? 1);
const SEED = seed();
/** The first message to test: each run has a few hundred more messages than this. */
const OFFSET = 1 + (SEED % Math.min(EVERY, 700));
/** Repeats a failure: selects runs by a part of their name. */
const SELECTION = process.env['FAULTS_OF'] ?? '';
const SELECTED = WORKS.filter((work) => nameOf(work).includes(SELECTION));
/** The number of parallel cases. It is high because stalled cases spend most of their time waiting. */
const LANES = 12;
/** The time limit of all cases of one fault. Each case has its own limit. */
const MAX_FAULT_MS = 12 * 3_600_000;
const TITLES = {
  cut: 'is cut',
  terminate: 'is terminated by the server',
  stall: 'stalls',
  vanish: 'vanishes together with all others of its machine',
} as const satisfies Record<Fault, string>;

/** The cases of one run under one fault. */
interface Tally {
  readonly work: Work;
  readonly messages: number;
  cases: number;
  longest: number;
  /** The run ended before the message to disturb: it has no further cases. */
  isOver: boolean;
}

describe(`a worker's connection, at ${EVERY === 1 ? 'each' : `every ${EVERY}th`} message of its protocol (SEED=${SEED})`, () => {
  let lanes: readonly FaultLane[] = [];
  let messages: readonly number[];
  beforeAll(async () => {
    const opening = await Promise.allSettled(Array.from({ length: LANES }, () => FaultLane.open()));
    lanes = opening.flatMap((lane) => (lane.status === 'fulfilled' ? [lane.value] : []));
    // afterAll closes the lanes that did open.
    for (const lane of opening) if (lane.status === 'rejected') throw lane.reason;
    messages = await Promise.all(SELECTED.map((work, at) => laneAt(lanes, at).messages(work)));
  });
  afterAll(async () => {
    await Promise.all(lanes.map((lane) => lane.close()));
  });

  it.each(FAULTS.map((fault) => [TITLES[fault], fault] as const))(
    '%s: a second process finishes, each row is changed, copied or deleted once, and no lock remains',
    async (_, fault) => {
      const tallies = SELECTED.map((work, at): Tally => {
        return { work, messages: messages[at] ?? 0, cases: 0, longest: 0, isOver: false };
      });
      const started = performance.now();
      const wrong = await runCases(lanes, fault, tallies);
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      process.stderr.write(
        `${fault}: ${seconds} s\n${tallies.map(describeTally).join('')}${wrong.map((line) => `  ${line}\n`).join('')}`,
      );
      expect(wrong).toEqual([]);
      for (const { cases } of tallies) expect(cases).toBeGreaterThan(100 / EVERY);
    },
    MAX_FAULT_MS,
  );
});

/** Runs the cases in order, each in the next free lane. */
async function runCases(lanes: readonly FaultLane[], fault: Fault, tallies: readonly Tally[]) {
  const wrong: string[] = [];
  const next = casesOf(tallies);
  await Promise.all(
    lanes.map(async (lane) => {
      for (const { tally, at } of next) {
        const outcome = await lane.run(tally.work, fault, at);
        if (outcome === null) tally.isOver = true;
        else {
          tally.cases++;
          tally.longest = Math.max(tally.longest, outcome.ms);
          if (outcome.wrong.length > 0)
            wrong.push(`${nameOf(tally.work)}, ${outcome.message}: ${outcome.wrong.join('; ')}`);
        }
      }
    }),
  );
  return wrong;
}

function* casesOf(tallies: readonly Tally[]) {
  for (const tally of tallies)
    for (let at = OFFSET; !tally.isOver && at <= 2 * tally.messages; at += EVERY) yield { tally, at };
}

function laneAt(lanes: readonly FaultLane[], at: number): FaultLane {
  const lane = lanes[at % lanes.length];
  if (!lane) throw new RangeError('No lane is open.');
  return lane;
}

function describeTally({ work, messages, cases, longest }: Tally): string {
  return `  ${nameOf(work)}: ${messages} messages, ${cases} cases; the longest took ${(longest / 1000).toFixed(1)} s\n`;
}
