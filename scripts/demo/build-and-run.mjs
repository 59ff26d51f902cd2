/**
 * `npm run demo`: builds the project, then runs the demo. It claims the folder before the build, because a second
 * build would replace the files from which a running demo starts.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseDemoArguments } from './arguments.mjs';
import { BusyError, claimFolder } from './folder-claim.mjs';

const DATA = fileURLToPath(new URL('../../.data', import.meta.url));
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

if (!needsBuild() || claimAndBuild()) await import('../demo.mjs');
else process.exitCode = 1;

/** Wrong arguments are reported at once, by the demo itself. */
function needsBuild() {
  try {
    const { help, stop } = parseDemoArguments(process.argv.slice(2), Boolean(process.env['DATABASE_URL']));
    return !help && !stop;
  } catch {
    return false;
  }
}

/** @returns {boolean} whether it is built; otherwise the reason is printed */
function claimAndBuild() {
  mkdirSync(DATA, { recursive: true });
  try {
    claimFolder(DATA);
  } catch (error) {
    if (!(error instanceof BusyError)) throw error;
    console.error(error.message);
    return false;
  }
  const npm = spawnSync('npm run --silent build', { cwd: PROJECT, shell: true, stdio: 'inherit' });
  return npm.status === 0;
}
