import { FAULTS, type Fault } from '../support/protocol-proxy.ts';
import { seed } from '../support/seeded.ts';
import { FaultLane } from './fault-lane.ts';
import { KINDS, type Kind } from './items.ts';

/** One case of so many messages; all of them when it is 1. */
const EVERY = Number(process.env['FAULTS_EVERY'] ?? 1);
const SEED = seed();
/** The message to begin with. */
const OFFSET = 1 + (SEED % EVERY);
/** Cases at once: those that stall do nothing but wait. */
const LANES = 12;
const CASES = KINDS.flatMap((kind) => FAULTS.map((fault) => [kind, fault] as const));
const PROMISE = {
  cut: 'is cut',
  terminate: 'is ended by its server',
  stall: 'stalls without a word',
  vanish: 'and every other one of its machine vanish',
} as const satisfies Record<Fault, string>;

describe(`a worker's connection, at ${EVERY === 1 ? 'each' : `every ${EVERY}th`} message of its protocol (SEED=${SEED})`, () => {
  let lanes: readonly FaultLane[];
  beforeAll(async () => {
    lanes = await Promise.all(Array.from({ length: LANES }, () => FaultLane.open()));
  }, 120_000);
  afterAll(async () => {
    await Promise.all(lanes.map((lane) => lane.close()));
  }, 120_000);

  it.each(CASES.map(([kind, fault]) => [kind, PROMISE[fault], fault] as const))(
    '%s: %s; a second worker finishes, each row is changed once, and nothing stays locked',
    async (kind, _, fault) => {
      const { cases, wrong, note } = await strikeAll(lanes, kind, fault);
      process.stderr.write(`${note}\n`);
      expect(wrong).toEqual([]);
      expect(cases).toBeGreaterThan(100 / EVERY);
    },
    3_600_000,
  );
});

/** Takes the messages one after the other, each by whichever lane is free, until the run has no more. */
async function strikeAll(lanes: readonly FaultLane[], kind: Kind, fault: Fault) {
  const started = performance.now();
  const wrong: string[] = [];
  const messages = (await lanes[0]?.messages(kind)) ?? 0;
  let next = OFFSET;
  let cases = 0;
  let longest = 0;
  await Promise.all(
    lanes.map(async (lane) => {
      for (;;) {
        const at = next;
        next += EVERY;
        const outcome = at > 2 * messages ? null : await lane.run(kind, fault, at);
        if (outcome === null) return;
        cases++;
        longest = Math.max(longest, outcome.ms);
        if (outcome.wrong.length > 0) wrong.push(`${outcome.message}: ${outcome.wrong.join('; ')}`);
      }
    }),
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const note = `${kind}, ${fault}: ${messages} messages, ${cases} cases, ${seconds} s; the longest took ${(longest / 1000).toFixed(1)} s`;
  return { cases, wrong, note };
}
