import { parseArguments } from '../../../libs/backfill/src/one-shot/arguments/arguments.parser.ts';
import { startsOneShot } from '../../../libs/backfill/src/one-shot/arguments/arguments.table.ts';
import { misplacedArgument } from '../../../libs/backfill/src/one-shot/arguments/misplaced.argument.ts';

describe('an argument of one-shot mode without one that starts a run', () => {
  it.each([
    ['--plan', '--backfill --plan'],
    ['--strict', '--backfill --strict'],
    ['--json', '--backfill --json'],
    ['--port 3000 --tenant=5', '--backfill --tenant'],
    ['--rebuild', '--indexes --rebuild'],
    ['--backfil', '--backfill'],
    ['--backfills leads', '--backfill'],
    ['--bakcfil', '--backfill'],
    ['--migarte --json', '--migrate'],
    ['--stauts', '--status'],
    ['--retry-quarantine', '--backfill --retry-quarantined'],
    ['--keep 90d', '--prune --keep'],
    ['--keep=90d', '--prune --keep'],
    ['--verbose', '--backfill --plan --verbose'],
    ['--target tenant_2', '--status --target'],
    ['--why lunch', '--set NAME KEY=VALUE… --why'],
    ['--max-wait 5m', '--indexes --max-wait'],
  ])('`%s` without a phase is refused instead of starting a server', (line, suggestion) => {
    expect(misplacedArgument(line.split(' '))?.message).toContain(`Did you mean ${suggestion}?`);
    expect(() => parseArguments(line.split(' '))).toThrow(`Did you mean ${suggestion}?`);
  });

  it.each([
    ['--keep 90d', 'It belongs to --prune.'],
    ['--max-duration 5m', 'It belongs to --backfill.'],
    ['--rebuild', 'It belongs to --indexes.'],
    ['--target=s', 'It belongs to --status, --set, --pause, --resume or --cancel.'],
  ])('`%s` without a phase is refused with the argument that it belongs to', (line, owner) => {
    expect(misplacedArgument(line.split(' '))?.message).toContain(owner);
  });

  it.each([
    '--port 3000',
    '--get --play --who --index --state --state=on --inspect',
    'backfill plan strict',
    '-p -s',
    '--port 3000 --help',
    '-- --tenant 5 --strict',
    '',
  ])('`%s` are of the application, which starts its server', (line) => {
    expect(startsOneShot(line.split(' '))).toBe(false);
    expect(misplacedArgument(line.split(' '))).toBeUndefined();
  });
});
