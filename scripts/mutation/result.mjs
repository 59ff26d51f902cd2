import { readFileSync, writeFileSync } from 'node:fs';
import { writePage } from './page.mjs';

const FILE = 'test/mutation/result.json';
const EXPLAINED = 'test/mutation/explained.json';

/**
 * @typedef {import('./folders.mjs').Mutant} Mutant
 * @typedef {{ outcome: import('./trial.mjs').Outcome, spec?: string }} TrialResult
 * @typedef {{ id: string, at: string, in: string, change: string, outcome: string }} Survivor
 *
 * @typedef {object} Result
 * @property {string} seed
 * @property {Record<string, { mutants: number, sampled: number, noticedAtFirst: number, noticed: number, timedOut: number, survived: number, explained: number, noticedShare: number }>} folders
 * @property {Record<string, string[]>} noticed ids of mutants, by the spec that noticed them
 * @property {string[]} timedOut ids of mutants that a test noticed by hanging
 * @property {string[]} missedAtFirst ids of mutants that survived their first trial; a test may notice them since
 * @property {Survivor[]} survivors
 */

/** @returns {Result} */
export function readResult() {
  try {
    return { missedAtFirst: [], ...JSON.parse(readFileSync(FILE, 'utf8')) };
  } catch {
    return { seed: '', folders: {}, noticed: {}, timedOut: [], missedAtFirst: [], survivors: [] };
  }
}

/** Why a survivor is no fault that a spec could notice, by its id. @returns {Record<string, string>} */
export function readExplained() {
  return JSON.parse(readFileSync(EXPLAINED, 'utf8'));
}

/** The outcomes of earlier runs that still hold: those of mutants whose code is the same. @returns {Map<string, TrialResult>} */
export function earlierTrials() {
  const { noticed, timedOut, survivors } = readResult();
  /** @type {Map<string, TrialResult>} */
  const trials = new Map();
  for (const [spec, ids] of Object.entries(noticed)) {
    for (const id of ids) trials.set(id, { outcome: timedOut.includes(id) ? 'timed out' : 'noticed', spec });
  }
  for (const { id, outcome } of survivors)
    trials.set(id, { outcome: /** @type {import('./trial.mjs').Outcome} */ (outcome) });
  return trials;
}

/**
 * @param {string} seed
 * @param {Map<string, readonly Mutant[]>} mutants of each folder
 * @param {Map<string, TrialResult>} trials
 */
export function writeResult(seed, mutants, trials) {
  const explained = readExplained();
  const missed = new Set(readResult().missedAtFirst);
  /** @type {Result} */
  const result = { seed, folders: {}, noticed: {}, timedOut: [], missedAtFirst: [], survivors: [] };
  for (const [folder, all] of mutants) {
    const tried = all.flatMap((mutant) => {
      const trial = trials.get(mutant.id);
      return trial ? [{ mutant, ...trial }] : [];
    });
    const isNoticed = (/** @type {TrialResult} */ { outcome }) =>
      outcome === 'noticed' || outcome === 'timed out';
    const noticed = tried.filter(isNoticed);
    const survivors = tried.filter((trial) => !isNoticed(trial));
    for (const { mutant, outcome, spec = '' } of noticed) {
      (result.noticed[spec] ??= []).push(mutant.id);
      if (outcome === 'timed out') result.timedOut.push(mutant.id);
    }
    const missedAtFirst = tried.filter((trial) => missed.has(trial.mutant.id) || survivors.includes(trial));
    result.missedAtFirst.push(...missedAtFirst.map(({ mutant }) => mutant.id));
    result.survivors.push(...survivors.map(({ mutant, outcome }) => described(mutant, outcome)));
    result.folders[folder] = {
      mutants: all.length,
      sampled: tried.length,
      noticedAtFirst: tried.length - missedAtFirst.length,
      noticed: noticed.length,
      timedOut: noticed.filter(({ outcome }) => outcome === 'timed out').length,
      survived: survivors.length,
      explained: survivors.filter(({ mutant }) => mutant.id in explained).length,
      noticedShare: Math.round((1000 * noticed.length) / Math.max(1, tried.length)) / 1000,
    };
  }
  writeFileSync(FILE, `${JSON.stringify(result, null, 2)}\n`);
  writePage(result, explained);
}

/** @param {Mutant} mutant @param {string} outcome @returns {Survivor} */
function described({ id, path, line, scope, operator, original, replacement }, outcome) {
  return {
    id,
    at: `${path}:${line}`,
    in: scope,
    change: `${operator}: ${original} → ${replacement}`,
    outcome,
  };
}
