import { parseArguments } from '../../../libs/backfill/src/one-shot/arguments/arguments.parser.ts';
import type { OneShotArguments } from '../../../libs/backfill/src/one-shot/arguments/one-shot.arguments.ts';
import type { ControlArguments } from '../../../libs/backfill/src/one-shot/arguments/control.arguments.ts';
import { startsOneShot } from '../../../libs/backfill/src/one-shot/arguments/arguments.table.ts';
import { renderHelp } from '../../../libs/backfill/src/one-shot/output/text/help.renderer.ts';
import { editDistance, nearest } from '../../../libs/backfill/src/text/nearest.ts';

const ALL_PHASES = ['migrate', 'indexes', 'backfill'] as const;

const DEFAULTS: OneShotArguments = {
  action: 'run',
  phases: ['backfill'],
  names: [],
  tenants: [],
  targets: [],
  maxDurationMs: undefined,
  maxWaitMs: undefined,
  connectTimeoutMs: 60_000,
  retryQuarantined: false,
  rebuild: false,
  strict: false,
  json: false,
  logFormat: 'text',
  progress: true,
  verbose: false,
};

function controlOf(
  verb: ControlArguments['verb'],
  names: readonly string[],
  more: Partial<ControlArguments> = {},
  others: Partial<OneShotArguments> = {},
): Partial<OneShotArguments> {
  return {
    action: 'control',
    names,
    control: { verb, names, changes: {}, why: undefined, targets: [], ...more },
    ...others,
  };
}

describe('one-shot arguments', () => {
  it.each<[string, Partial<OneShotArguments>]>([
    ['--backfill', {}],
    ['--backfill a b', { names: ['a', 'b'] }],
    ['--backfill=a --backfill=b', { names: ['a', 'b'] }],
    ['a --backfill', { names: ['a'] }],
    ['--backfill a --backfill a', { names: ['a'] }],
    ['-- --backfill a', { names: ['a'] }],
    ['--backfill --tenant 5 --tenant=6 --tenant 5', { tenants: ['5', '6'] }],
    ['--backfill --tenant -5', { tenants: ['-5'] }],
    ['--backfill --tenant=--odd', { tenants: ['--odd'] }],
    ['--backfill a --tenant 5 b', { names: ['a', 'b'], tenants: ['5'] }],
    ['--backfill --max-duration 10m', { maxDurationMs: 600_000 }],
    ['--backfill --max-duration 90s --max-duration 1.5m', { maxDurationMs: 90_000 }],
    ['--backfill --max-duration=1.5h', { maxDurationMs: 5_400_000 }],
    ['--backfill --connect-timeout 500ms', { connectTimeoutMs: 500 }],
    ['--backfill --strict --json --no-progress', { strict: true, json: true, progress: false }],
    ['--backfill --log-format json', { logFormat: 'json' }],
    ['--backfill --log-format=text', {}],
    ['--backfill --json --log-format json', { json: true, logFormat: 'json' }],
    ['--status a --target tenant_2', { action: 'status', names: ['a'], targets: ['tenant_2'] }],
    [
      '--pause a --target s --target t.u',
      controlOf('pause', ['a'], { targets: ['s', 't.u'] }, { targets: ['s', 't.u'] }),
    ],
    ['--backfill --retry-quarantined', { retryQuarantined: true }],
    ['--backfill --plan a --tenant 5', { action: 'plan', names: ['a'], tenants: ['5'] }],
    ['--migrate', { phases: ['migrate'] }],
    ['--indexes --rebuild', { phases: ['indexes'], rebuild: true }],
    ['--indexes --max-wait 90s', { phases: ['indexes'], maxWaitMs: 90_000 }],
    ['--deploy', { phases: ALL_PHASES }],
    ['--deploy --max-duration 10m --rebuild', { phases: ALL_PHASES, maxDurationMs: 600_000, rebuild: true }],
    ['--backfill --migrate', { phases: ['migrate', 'backfill'] }],
    ['--deploy --plan', { action: 'plan', phases: ALL_PHASES }],
    ['--deploy --plan --verbose', { action: 'plan', phases: ALL_PHASES, verbose: true }],
    ['--completion fish', { action: 'completion', phases: ALL_PHASES, shell: 'fish' }],
    ['--status', { action: 'status', phases: ALL_PHASES }],
    ['--migrate --status', { action: 'status', phases: ['migrate'] }],
    ['--status a', { action: 'status', names: ['a'] }],
    ['--backfill --status --json', { action: 'status', json: true }],
    ['--backfill --help', { action: 'help' }],
    ['--pause a b --why lunch --json', controlOf('pause', ['a', 'b'], { why: 'lunch' }, { json: true })],
    ['--pause=a', controlOf('pause', ['a'])],
    ['a --resume', controlOf('resume', ['a'])],
    ['--cancel a --connect-timeout 1s', controlOf('cancel', ['a'], {}, { connectTimeoutMs: 1_000 })],
    [
      '--set a batchSize=500 pause=1.5s workers=4 maxWorkers=default',
      controlOf('set', ['a'], { changes: { batchSize: 500, pause: 1_500, workers: 4, maxWorkers: null } }),
    ],
    ['--set a pause=20 b', controlOf('set', ['a', 'b'], { changes: { pause: 20 } })],
    ['--set a pause=auto', controlOf('set', ['a'], { changes: { pause: 'auto' } })],
    [
      '--prune --keep 30d --json',
      { action: 'housekeeping', housekeeping: { verb: 'prune', keepMs: 2_592_000_000 }, json: true },
    ],
    ['--prune', { action: 'housekeeping', housekeeping: { verb: 'prune', keepMs: undefined } }],
    [
      '--forget a b --forget=a',
      { action: 'housekeeping', housekeeping: { verb: 'forget', names: ['a', 'b'] } },
    ],
  ])('are parsed: `%s`', (line, expected) => {
    expect(parseArguments(line.split(' '))).toEqual({ ...DEFAULTS, ...expected });
  });

  it.each([
    ['--backfill --tenat 5', 'Unknown argument --tenat', 'Did you mean --tenant?'],
    [
      '--backfill --retry-quarantine',
      'Unknown argument --retry-quarantine',
      'Did you mean --retry-quarantined?',
    ],
    [
      '--backfill --port 3000',
      'Unknown argument --port',
      'It takes --migrate, --indexes, --backfill, --deploy, --status',
    ],
    ['--backfill -x', 'Unknown argument -x', 'It takes --migrate'],
    ['--backfill --constructor', 'Unknown argument --constructor', 'It takes --migrate'],
    ['--backfill --tenant', '--tenant needs a value', '--tenant ID'],
    ['--backfill --tenant=', '--tenant needs a value', '--tenant ID'],
    ['--backfill --tenant --json', '--tenant is followed by --json instead of a value', '--tenant ID'],
    ['--backfill --strict=yes', '--strict takes no value, but got "yes"', '`--strict`'],
    ['--backfill=', '--backfill has an empty name', '--backfill'],
    ['--backfill --max-duration 10', '--max-duration cannot be "10"', '--max-duration 10m'],
    ['--backfill --max-duration 0s', '--max-duration cannot be "0s"', '--max-duration 10m'],
    ['--backfill --max-duration 1000h', 'at most 596h', '--max-duration 10m'],
    [
      '--backfill --max-duration 1m --max-duration 2m',
      'contradict each other: it takes only one value',
      'Leave one',
    ],
    [
      '--backfill --plan --retry-quarantined',
      '--plan and --retry-quarantined contradict',
      'Leave one of them out',
    ],
    ['--backfill --plan --max-duration 1m', '--plan and --max-duration contradict', 'Leave one of them out'],
    ['--plan --status', '--plan and --status contradict', 'Leave one of them out'],
    ['--status --max-duration 1m', '--status and --max-duration contradict', 'Leave one of them out'],
    ['--status --retry-quarantined', '--status and --retry-quarantined contradict', 'Leave one of them out'],
    ['--deploy leads', '"leads" selects a backfill', '`--backfill leads`'],
    ['--migrate --backfill leads', '"leads" selects a backfill', '`--backfill leads`'],
    ['--deploy=leads', '--deploy takes no value', '`--deploy`'],
    ['--deploy --tenant 5', '--deploy and --tenant contradict', 'Leave one of them out'],
    ['--migrate --tenant 5', '--migrate and --tenant contradict', 'Leave one of them out'],
    ['--migrate --max-duration 1m', '--max-duration applies only to --backfill', 'add --backfill'],
    ['--backfill --max-wait 1m', '--max-wait applies only to --indexes', 'add --indexes'],
    ['--indexes --plan --max-wait 1m', '--plan and --max-wait contradict', 'Leave one of them out'],
    ['--backfill --rebuild', '--rebuild applies only to --indexes', 'add --indexes'],
    ['--deploy --plan --rebuild', '--plan and --rebuild contradict', 'Leave one of them out'],
    ['--status --rebuild', '--status and --rebuild contradict', 'Leave one of them out'],
    ['--status --tenant 5', '--status and --tenant contradict', 'Leave one of them out'],
    ['--prune leads', '--prune takes no name, but got "leads"', '`--prune`'],
    [
      '--prune --keep 10m',
      '--keep cannot be "10m": it takes a number with a unit (h, d), at least 1d',
      '90d',
    ],
    ['--prune --keep 12h', '--keep cannot be "12h"', '--keep 90d'],
    ['--prune --keep 1d --keep 2d', 'contradict each other: it takes only one value', 'Leave one'],
    ['--backfill --keep 9d', '--keep needs --prune', 'write e.g. `--prune --keep 90d`'],
    ['--backfill --verbose', '--verbose needs --plan', 'write e.g. `--backfill --plan --verbose`'],
    ['--prune --backfill', '--prune and --backfill contradict', 'only deletes records of the ledger'],
    ['--forget', '--forget needs the name of a backfill', '`--forget NAME…`'],
    ['--forget a --cancel b', '--forget and --cancel contradict', 'Leave one of them out'],
    ['--pause', '--pause needs the name of a backfill', '`--pause NAME…`'],
    [
      '--set a',
      '--set needs a setting to change',
      '`--set NAME KEY=VALUE…`: change batchSize, pause, workers',
    ],
    ['--set workers=4', '--set needs the name of a backfill', 'batchSize, pause, workers'],
    ['--set a worker=4', '"worker" cannot be set', 'Did you mean workers?'],
    ['--set a speed=4', '"speed" cannot be set', 'It takes batchSize, pause, workers, maxWorkers'],
    ['--set a workers=0', 'workers cannot be "0"', 'from 1 to 100'],
    ['--set a workers=4x', 'workers cannot be "4x"', 'from 1 to 100'],
    ['--set a pause=2h', 'pause cannot be "2h"', 'such as 20ms'],
    ['--set a pause=1 pause=2', 'two values of pause', 'Leave one of them out'],
    ['--pause a workers=4', '--pause does not take workers=4', '`--pause NAME…`'],
    [
      '--pause a --resume b',
      '--pause and --resume contradict each other: a command line has only one control command',
      'Leave one',
    ],
    [
      '--backfill --target tenant_2',
      '--target needs --status, --set, --pause, --resume or --cancel',
      'write e.g. `--status --target SCHEMA`',
    ],
    ['--backfill a --pause b', '--pause and --backfill contradict', 'Leave one of them out'],
    ['--pause a --tenant 5', '--pause and --tenant contradict', 'Leave one of them out'],
    [
      '--backfill --log-format xml',
      '--log-format cannot be "xml": it takes text or json',
      '--log-format json',
    ],
    [
      '--backfill --json --log-format text',
      '--log-format text and --json contradict',
      'Leave one of them out',
    ],
    [
      '--backfill --why lunch',
      '--why needs --set, --pause, --resume or --cancel',
      '--set NAME KEY=VALUE… --why TEXT',
    ],
    ['--pause a --why b --why c', 'it takes only one value', 'Leave one of them out'],
  ])('are refused with the remedy: `%s`', (line, problem, remedy) => {
    expect(() => parseArguments(line.split(' '))).toThrow(problem);
    expect(() => parseArguments(line.split(' '))).toThrow(remedy);
  });

  it.each([
    ['--backfill', true],
    ['--backfill=a', true],
    ['--status', true],
    ['--migrate', true],
    ['--indexes', true],
    ['--deploy', true],
    ['--help', true],
    ['-- --help', true],
    ['--port 3000 --help', false],
    ['--port 3000', false],
    ['--plan --strict --json', false],
    ['--backfills', false],
    ['backfill', false],
    ['', false],
  ])('`%s` start a one-shot run: %s', (line, expected) => {
    expect(startsOneShot(line.split(' '))).toBe(expected);
  });

  it('are listed in the help with their defaults', () => {
    const help = renderHelp();
    for (const phase of ['--migrate ', '--indexes ', '--backfill ', '--deploy '])
      expect(help).toContain(phase);
    expect(help).toContain(
      '--connect-timeout 60s   wait this long for an unreachable database (default 60s)',
    );
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});

describe('suggestions for a misspelt word', () => {
  it.each([
    ['backfil', 'backfill', 1],
    ['bakcfill', 'backfill', 1],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['kitten', 'sitting', 3],
  ])('use an edit distance: from "%s" to "%s" it is %d', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
  });

  it('are not made for a word that no argument resembles', () => {
    expect(nearest('port', ['backfill', 'status', 'plan'])).toBeUndefined();
    expect(nearest('stauts', ['backfill', 'status', 'plan'])).toBe('status');
  });
});
