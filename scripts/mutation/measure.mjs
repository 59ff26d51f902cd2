import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { FOLDERS } from './folders.mjs';
import { SpecsOfFunctions } from './spec-map.mjs';

/** Specs of the repository itself: they read files, or run programs that are built. */
const LEFT_OUT = [
  'test/house',
  'test/docs',
  'test/faults',
  'test/bench',
  'test/production',
  'test/schematics',
  'test/mutation',
];

/**
 * Runs specs with probes, and keeps which functions each of them runs.
 *
 * @param {readonly string[]} patterns of specs; all of them if there is none
 */
export async function measure(patterns) {
  const folder = await mkdtemp(join(tmpdir(), 'mutation-probes-'));
  const report = join(folder, 'report.json');
  const jest = spawn(
    process.execPath,
    [
      ...[
        '--experimental-vm-modules',
        '--disable-warning=ExperimentalWarning',
        'node_modules/jest/bin/jest.js',
      ],
      ...['--config=jest.mutation.config.js', '--json', `--outputFile=${report}`, ...patterns],
      ...['--testPathIgnorePatterns', ...LEFT_OUT, '\\.(slow|matrix)\\.spec'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, MUTATION_PROBES: folder } },
  );
  await once(jest, 'exit');
  await keep(folder, report, patterns.length === 0);
  await rm(folder, { recursive: true, force: true });
}

/**
 * @param {string} folder of the records
 * @param {string} report of jest
 * @param {boolean} isComplete whether all specs were measured
 */
export async function keep(folder, report, isComplete) {
  /** @type {{ testResults: { name: string, status: string, startTime: number, endTime: number }[] }} */
  const { testResults } = JSON.parse(await readFile(report, 'utf8'));
  const results = new Map(testResults.map((result) => [relative(process.cwd(), result.name), result]));
  const map = isComplete ? new SpecsOfFunctions() : SpecsOfFunctions.read();
  for (const name of await readdir(folder)) {
    if (join(folder, name) === report) continue;
    const { spec, hits } = JSON.parse(await readFile(join(folder, name), 'utf8'));
    const result = results.get(spec);
    // A spec that fails without a mutation notices none.
    if (result?.status === 'passed') map.record(spec, result.endTime - result.startTime, hits);
  }
  const folders = Object.values(FOLDERS).flat();
  map.write((file) => folders.some((path) => file.startsWith(path)));
}
