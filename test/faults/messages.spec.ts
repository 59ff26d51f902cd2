import { FAULTS, type Fault } from '../support/protocol-proxy.ts';
import { seed } from '../support/seeded.ts';
import { FaultLane } from './fault-lane.ts';
import { nameOf, WORKS, type Work } from './items.ts';

/** One case of so many messages; all of them when it is 1. */
const EVERY = Number(process.env['FAULTS_EVERY'] ?? 1);
const SEED = seed();
/** The message to begin with. */
const OFFSET = 1 + (SEED % EVERY);
/** To repeat what failed: some of the runs, by a part of their names. */
const OF = process.env['FAULTS_OF'] ?? '';
const STRUCK = WORKS.filter((work) => nameOf(work).includes(OF));
/** Cases at once: those that stall do nothing but wait. */
const LANES = 12;
/** Milliseconds for all cases of one fault: each has a limit of its own. */
const FAULT_MOST = 12 * 3_600_000;
const PROMISE = {
  cut: 'is cut',
  terminate: 'is ended by its server',
  stall: 'stalls without a word',
  vanish: 'and every other one of its machine vanish',
} as const satisfies Record<Fault, string>;

/** The cases of one kind and form under one fault. */
interface Tally {
  readonly work: Work;
  readonly messages: number;
  cases: number;
  longest: number;
  /** The run has ended before the message that was to be struck. */
  over: boolean;
}

describe(`a worker's connection, at ${EVERY === 1 ? 'each' : `every ${EVERY}th`} message of its protocol (SEED=${SEED})`, () => {
  let lanes: readonly FaultLane[] = [];
  let messages: readonly number[];
  beforeAll(async () => {
    const opening = await Promise.allSettled(Array.from({ length: LANES }, () => FaultLane.open()));
    lanes = opening.flatMap((lane) => (lane.status === 'fulfilled' ? [lane.value] : []));
    // Those that did open are closed.
    for (const lane of opening) if (lane.status === 'rejected') throw lane.reason;
    messages = await Promise.all(STRUCK.map((work, at) => laneAt(lanes, at).messages(work)));
  }, 120_000);
  afterAll(async () => {
    await Promise.all(lanes.map((lane) => lane.close()));
  }, 120_000);

  it.each(FAULTS.map((fault) => [PROMISE[fault], fault] as const))(
    '%s: a second process finishes, each row is changed, copied or deleted once, and nothing stays locked',
    async (_, fault) => {
      const tallies = STRUCK.map((work, at): Tally => {
        return { work, messages: messages[at] ?? 0, cases: 0, longest: 0, over: false };
      });
      const started = performance.now();
      const wrong = await strikeAll(lanes, fault, tallies);
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      process.stderr.write(
        `${fault}: ${seconds} s\n${tallies.map(told).join('')}${wrong.map((line) => `  ${line}\n`).join('')}`,
      );
      expect(wrong).toEqual([]);
      for (const { cases } of tallies) expect(cases).toBeGreaterThan(100 / EVERY);
    },
    FAULT_MOST,
  );
});

/** Takes the messages of one run after the other, each by whichever lane is free, until there are no more. */
async function strikeAll(lanes: readonly FaultLane[], fault: Fault, tallies: readonly Tally[]) {
  const wrong: string[] = [];
  const next = casesOf(tallies);
  await Promise.all(
    lanes.map(async (lane) => {
      for (const { tally, at } of next) {
        const outcome = await lane.run(tally.work, fault, at);
        if (outcome === null) tally.over = true;
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
    for (let at = OFFSET; !tally.over && at <= 2 * tally.messages; at += EVERY) yield { tally, at };
}

function laneAt(lanes: readonly FaultLane[], at: number): FaultLane {
  const lane = lanes[at % lanes.length];
  if (!lane) throw new RangeError('There is no lane.');
  return lane;
}

function told({ work, messages, cases, longest }: Tally): string {
  return `  ${nameOf(work)}: ${messages} messages, ${cases} cases; the longest took ${(longest / 1000).toFixed(1)} s\n`;
}
