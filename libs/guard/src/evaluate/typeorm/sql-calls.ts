import type { Call } from '../machine/machine.types.js';
import { argumentCode } from '../machine/source-code.js';
import { optionsOf, unknown } from '../values/value.js';
import type { Value } from '../values/value.types.js';

/** Reports the SQL that a handle sends. */
export function sendSql({ machine, args: [sql], site }: Call): Value {
  for (const option of sql ? optionsOf(sql) : []) {
    if (option.kind === 'constant') continue;
    const isText = option.kind === 'text' || option.kind === 'unknown';
    const text = isText ? option : unknown(argumentCode(site, 0) ?? site.callee);
    machine.emit({ kind: 'sql', text }, site);
  }
  return unknown(`${site.callee}()`, { rows: true });
}
