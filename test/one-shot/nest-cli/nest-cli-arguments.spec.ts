import { oneShotArgumentsOfNestCli } from '../../../libs/backfill/src/one-shot/nest-cli/nest-cli.arguments.ts';

const SCRIPT = '/app/node_modules/.bin/nest';

function argumentsOf(line: string, script = SCRIPT): readonly string[] | undefined {
  return oneShotArgumentsOfNestCli(['/usr/bin/node', script, ...line.split(' ').filter(Boolean)]);
}

describe('the arguments of `nest start`', () => {
  it.each([
    ['start --backfill', '--backfill'],
    ['start --backfill leads --tenant 5', '--backfill leads --tenant 5'],
    ['start crm --backfill leads', '--backfill leads'],
    ['start --tenant 5 --backfill', '--tenant 5 --backfill'],
    ['start --debug 9229 crm --backfill', '--backfill'],
    ['start -c nest-cli.json --no-shell --env-file .env --backfill a --exec bun b', '--backfill a b'],
    ['start --builder=tsc --backfill=a', '--backfill=a'],
    ['start --status --json', '--status --json'],
    ['start crm --deploy --max-duration 10m', '--deploy --max-duration 10m'],
    ['start --migrate', '--migrate'],
    ['start --backfill --unknown', '--backfill --unknown'],
    ['start --backfill a -- --json', '--backfill a'],
    ['start --json -- --backfill', '--json'],
    ['start -- --backfill', ''],
  ])('`nest %s` passes on `%s`', (line, expected) => {
    expect(argumentsOf(line)).toEqual(expected.split(' ').filter(Boolean));
  });

  it.each([
    'start',
    'start crm',
    'start --watch',
    'start -- --port 3000',
    'build',
    'build --backfill',
    'new --status',
    '',
  ])('`nest %s` passes on nothing', (line) => {
    expect(argumentsOf(line)).toBeUndefined();
  });

  it('are read only from the command line of Nest, on every platform', () => {
    expect(
      argumentsOf('start --backfill', String.raw`C:\app\node_modules\@nestjs\cli\bin\nest.js`),
    ).toBeDefined();
    expect(argumentsOf('start --backfill', '/app/node_modules/jest/bin/jest.js')).toBeUndefined();
  });

  it.each([
    ['start --backfil', 'Did you mean --backfill?'],
    ['start --migarte', 'Did you mean --migrate?'],
    ['start --rebuild', 'Did you mean --indexes --rebuild?'],
    ['start --stauts', 'Did you mean --status?'],
    ['start --json', 'Did you mean --backfill --json?'],
    ['start --plan', 'Did you mean --backfill --plan?'],
    ['start --tenant 5', 'Did you mean --backfill --tenant?'],
    ['start --watch --backfill', 'every saved file would start the run again'],
    ['start -w -- --backfill', 'every saved file would start the run again'],
  ])('`nest %s` is refused, because it would start a server', (line, message) => {
    expect(() => argumentsOf(line)).toThrow(message);
  });
});
