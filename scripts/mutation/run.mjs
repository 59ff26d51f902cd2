import { parseArgs } from 'node:util';
import { FOLDERS, mutantsOf } from './folders.mjs';
import { measure } from './measure.mjs';
import { earlierTrials, readExplained, readResult, writeResult } from './result.mjs';
import { SpecsOfFunctions } from './spec-map.mjs';
import { TrialRunner } from './trial.mjs';

/**
 * Plants small faults and runs the specs that should notice them: see CONTRIBUTING.md, "Mutation testing".
 *
 * @typedef {import('./folders.mjs').Mutant} Mutant
 * @typedef {keyof typeof FOLDERS} Folder
 */

const SEED = 'nestjs-backfill';
/** Of one folder, at least this share of the sample must be noticed. */
const MIN_NOTICED = 0.85;
/** The specs of a mutant that runs through many are limited to those that take this long together. */
const DEFAULT_BUDGET_S = 120;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string', default: '20' },
    jobs: { type: 'string', default: '1' },
    budget: { type: 'string', default: String(DEFAULT_BUDGET_S) },
    /** Starts no other mutant after so many seconds; the next run continues. */
    seconds: { type: 'string', default: 'Infinity' },
    /** Tries again what has survived or timed out in earlier runs and is not explained. */
    again: { type: 'boolean', default: false },
    /** Tries a few mutants that were noticed before, each with the spec that noticed it, for so many seconds. */
    gate: { type: 'string' },
    /** Measures which functions the specs run: all of them, or those that are named. */
    measure: { type: 'boolean', default: false },
    /** Lists the mutants of the sample. */
    list: { type: 'boolean', default: false },
  },
});

if (values.measure) await measure(positionals);
else if (values.gate !== undefined) process.exitCode = await checkNoticed(Number(values.gate));
else process.exitCode = await trySample();

/** @returns {Promise<number>} the exit code */
async function trySample() {
  const folders = /** @type {Folder[]} */ (positionals.length > 0 ? positionals : Object.keys(FOLDERS));
  const all = allMutants();
  const trials = earlierTrials();
  const explained = readExplained();
  const isOpen = (/** @type {Mutant} */ { id }) => {
    const outcome = trials.get(id)?.outcome;
    const isUnclear = outcome !== undefined && outcome !== 'noticed' && !(id in explained);
    return values.again ? isUnclear : outcome === undefined;
  };
  const waiting = interleaved(
    folders.map((folder) => (all.get(folder) ?? []).slice(0, Number(values.sample)).filter(isOpen)),
  );
  if (values.list) {
    for (const mutant of waiting) console.log(described(mutant));
    return 0;
  }
  const specs = SpecsOfFunctions.read();
  /** Specs that have noticed a mutant of a file will notice others. @type {Map<string, string[]>} */
  const noticedBefore = new Map();
  const endsAt = performance.now() + 1000 * Number(values.seconds);
  await inParallel(waiting, async (mutant, runner) => {
    if (performance.now() > endsAt) return;
    const known = noticedBefore.get(mutant.path) ?? [];
    const ordered = withinBudget(specs, moveToFront(specs.specsFor(mutant), known));
    const startedAt = performance.now();
    const trial = await runner.run(mutant, ordered, (spec) => specs.duration(spec));
    trials.set(mutant.id, trial);
    if (trial.spec)
      noticedBefore.set(mutant.path, [trial.spec, ...known.filter((one) => one !== trial.spec)]);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    console.log(
      `${trial.outcome.padEnd(9)} ${described(mutant)}  (${trial.spec ?? `${ordered.length} specs`}, ${seconds} s)`,
    );
    writeResult(SEED, all, trials);
  });
  writeResult(SEED, all, trials);
  return judged();
}

/** @returns {Map<Folder, Mutant[]>} */
function allMutants() {
  const folders = /** @type {Folder[]} */ (Object.keys(FOLDERS));
  return new Map(folders.map((folder) => [folder, mutantsOf(folder, SEED)]));
}

/** @returns {number} 1 if too few mutants of a folder were noticed, or a survivor is not explained */
function judged() {
  const { folders, survivors } = readResult();
  const explained = readExplained();
  const tooFew = Object.entries(folders).filter(
    ([, { sampled, noticedShare }]) => sampled > 0 && noticedShare < MIN_NOTICED,
  );
  const open = survivors.filter(({ id }) => !(id in explained));
  for (const [folder, numbers] of Object.entries(folders))
    console.log(folder.padEnd(22), JSON.stringify(numbers));
  for (const { id, at, change } of open) console.log(`not explained: ${id} ${at} ${change}`);
  return tooFew.length + open.length > 0 ? 1 : 0;
}

/**
 * @param {number} seconds
 * @returns {Promise<number>} 1 if a mutant that was noticed before survives now
 */
async function checkNoticed(seconds) {
  const { noticed, timedOut } = readResult();
  const specs = SpecsOfFunctions.read();
  const specOf = new Map(Object.entries(noticed).flatMap(([spec, ids]) => ids.map((id) => [id, spec])));
  const quickest = [...allMutants().values()].map((mutants) =>
    mutants
      .filter(({ id }) => specOf.has(id) && !timedOut.includes(id))
      .sort((a, b) => specs.duration(String(specOf.get(a.id))) - specs.duration(String(specOf.get(b.id)))),
  );
  const endsAt = performance.now() + 1000 * seconds;
  /** @type {Mutant[]} */
  const survived = [];
  let tried = 0;
  await inParallel(interleaved(quickest), async (mutant, runner) => {
    if (performance.now() > endsAt) return;
    tried++;
    const { outcome } = await runner.run(mutant, [String(specOf.get(mutant.id))], (spec) =>
      specs.duration(spec),
    );
    if (outcome === 'survived') survived.push(mutant);
  });
  for (const mutant of survived)
    console.log(`not noticed any more: ${described(mutant)} by ${specOf.get(mutant.id)}`);
  console.log(`${tried - survived.length} of ${tried} mutants that were noticed before were noticed again.`);
  return tried === 0 || survived.length > 0 ? 1 : 0;
}

/**
 * @param {readonly Mutant[]} mutants
 * @param {(mutant: Mutant, runner: TrialRunner) => Promise<void>} attempt
 */
async function inParallel(mutants, attempt) {
  const waiting = [...mutants];
  await Promise.all(
    Array.from({ length: Number(values.jobs) }, async () => {
      const runner = await TrialRunner.start();
      try {
        for (let next = waiting.shift(); next; next = waiting.shift()) await attempt(next, runner);
      } finally {
        await runner.close();
      }
    }),
  );
}

/** The first of each list, then the second of each. @template T @param {readonly (readonly T[])[]} lists @returns {T[]} */
function interleaved(lists) {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1))).flat();
}

/** @param {readonly string[]} specs @param {readonly string[]} first */
function moveToFront(specs, first) {
  const known = first.filter((spec) => specs.includes(spec));
  return [...known, ...specs.filter((spec) => !known.includes(spec))];
}

/** @param {SpecsOfFunctions} map @param {readonly string[]} specs */
function withinBudget(map, specs) {
  let left = 1000 * Number(values.budget);
  return specs.filter((spec, at) => at === 0 || (left -= map.duration(spec)) > 0);
}

/** @param {Mutant} mutant */
function described({ id, path, line, operator, original, replacement }) {
  const short = (/** @type {string} */ text) => text.replace(/\s+/g, ' ').slice(0, 60);
  return `${id} ${path}:${line} ${operator}: ${short(original)} → ${short(replacement)}`;
}
