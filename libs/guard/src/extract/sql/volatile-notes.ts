import { text, visit } from 'nestjs-backfill-sql/tree';
import { NotMovableError } from './not-movable.error.js';
import { functionName } from './values.js';

const TIMES =
  /^(?:now|transaction_timestamp|statement_timestamp|clock_timestamp|timeofday|age|current_\w+|local\w+)$/;
const RANDOM = /^(?:random\w*|gen_random_\w+|uuid_generate_v[14]\w*|uuidv[47]|gen_salt)$/;
/** What they return depends on the session or the transaction, which a batch does not share. */
const OF_SESSION =
  /^(?:currval|lastval|setval|setseed|txid_current\w*|pg_current_xact_id\w*|pg_backend_pid|pg_\w*advisory\w*|pg_notify)$/;

/** What a person must know about functions whose value depends on when they run. */
export function volatileNotes(values: unknown, where: unknown): readonly string[] {
  const called = calledIn(values);
  const times = called.filter((name) => TIMES.test(name));
  const random = called.filter((name) => RANDOM.test(name));
  return [
    ...times.map(
      (name) => `${shown(name)} is the time of each batch, not one time for all rows as in the migration`,
    ),
    ...random.map((name) => `${shown(name)} gives each row a new value when its batch runs`),
    ...(calledIn(where).some((name) => TIMES.test(name))
      ? ['its condition compares with the time of each batch, so it also finds rows that meet it later']
      : []),
  ];
}

/** @throws {NotMovableError} for a condition that is another one at each evaluation, and for state of a session */
export function assertSameInBatches(statement: unknown, where: unknown): void {
  const ofSession = calledIn(statement).find((name) => OF_SESSION.test(name));
  if (ofSession !== undefined)
    throw new NotMovableError(`it calls ${ofSession}(), which depends on its session or transaction`);
  if (calledIn(where).some((name) => RANDOM.test(name) || name === 'nextval'))
    throw new NotMovableError('its condition differs from call to call');
}

/** The names of all functions, each once; `current_date` and the like are functions too. */
function calledIn(tree: unknown): readonly string[] {
  const names = new Set<string>();
  visit({ tree }, (kind, fields) => {
    if (kind === 'FuncCall') names.add(functionName(fields));
    if (kind === 'SQLValueFunction')
      names.add((text(fields['op']) ?? '').replace(/^SVFOP_|_N$/g, '').toLowerCase());
    return true;
  });
  return [...names];
}

function shown(name: string): string {
  return /^(?:current_|local)/.test(name) ? name : `${name}()`;
}
