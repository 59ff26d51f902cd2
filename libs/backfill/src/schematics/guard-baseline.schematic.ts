import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Rule } from './devkit.types.js';

const GUARD = 'node_modules/nestjs-backfill-guard/bin/nestjs-backfill-guard.js';

/** Runs `nestjs-backfill-guard init`, which writes the baseline of the old migrations. It needs the installed guard. */
export function guardBaseline(): Rule {
  return (_tree, { logger }) => {
    const program = join(process.cwd(), GUARD);
    if (!existsSync(program)) {
      logger.warn('by hand: once the packages are installed, npx nestjs-backfill-guard init');
      return;
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'init'], { encoding: 'utf8' });
    const output = `${stdout}${stderr}`.trim();
    if (status === 0) logger.info(output);
    else
      logger.warn(
        `by hand: npx nestjs-backfill-guard init, once there are migrations (${output.split('\n')[0] ?? ''})`,
      );
  };
}
