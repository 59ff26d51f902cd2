import type { Call } from '../machine/machine.types.js';
import { optionsOf, unknown } from '../values/value.js';
import type { TextValue, Value } from '../values/value.types.js';
import { looksLikeSql } from './sql-texts.js';

/** A configured helper changes data by convention. Its code is not read. */
export function callHelper(name: string, { machine, args, site }: Call): Value {
  const texts = args
    .flatMap(optionsOf)
    .filter((arg): arg is TextValue => arg.kind === 'text' && looksLikeSql(arg));
  for (const text of texts) machine.emit({ kind: 'sql', text, helper: name }, site);
  if (texts.length === 0) machine.emit({ kind: 'helper', name }, site);
  return unknown(site.callee, { rows: true });
}
