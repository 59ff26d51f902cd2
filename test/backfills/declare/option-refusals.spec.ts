import type { BackfillModuleOptions } from 'nestjs-backfill';
import { InvalidBackfillOptionError } from 'nestjs-backfill/errors';
import { Contact } from '../../support/tables/lead-tables.ts';
import { declared } from '../../support/applications/refusal.ts';
import { expectRefusal, OPTIONS, Refusals, SET } from './declared-lead.ts';

describe('an application does not start with', () => {
  const refusals = Refusals.forSpec();

  it.each([undefined, '', 'Leads', 'leads search', '-leads', 'leads--name', 'l'.repeat(201), 7])(
    'the invalid name %p',
    async (name) => {
      expectRefusal(
        await refusals.of([declared('One', { ...OPTIONS, name }, SET)]),
        InvalidBackfillOptionError,
        {
          names: ['One', '`name`'],
          remedy: /lower case letters and digits/,
        },
      );
    },
  );

  it.each([0, -1, 1.5, '2', Number.NaN, 2 ** 31])('the invalid version %p', async (version) => {
    expectRefusal(
      await refusals.of([declared('One', { ...OPTIONS, version }, SET)]),
      InvalidBackfillOptionError,
      {
        names: ['One', '`version`'],
        remedy: /whole number/,
      },
    );
  });

  it.each([
    [{ wrkers: 4 }, '`wrkers`', /^Did you mean `workers`\? The options are name, /],
    [{ catchUp: { cron: '0 * * * *', jiter: 5 } }, '`catchUp.jiter`', /^Did you mean `jitter`\?/],
    [
      { canary: { tenants: ['1'], then: 'wait', tenats: [] } },
      '`canary.tenats`',
      /^Did you mean `tenants`\?/,
    ],
    [{ colour: 'red' }, '`colour`', /^The options are name, /],
  ])('an unknown option of a backfill: %j', async (options, named, remedy) => {
    const error = await refusals.of([declared('One', { ...OPTIONS, ...options }, SET)]);
    expectRefusal(error, InvalidBackfillOptionError, { names: ['One', named], remedy });
  });

  it.each([
    [{ cascades: 'accepted', into: Contact }, '`cascades`', /deletes rows or changes a column/],
    [{ kind: 'purge', cascades: true }, '`cascades`', /'accepted'/],
    [{ settings: ['app.actor'] }, '`settings`', /Give an object/],
    [{ settings: { 'app.actor': 7 } }, '`settings.app.actor`', /as text/],
    [{ settings: { "app.actor'; --": 'x' } }, '`settings.app.actor', /A name is e\.g\./],
    [{ settings: { lock_timeout: '1s' } }, '`settings.lock_timeout`', /option `lockTimeout`/],
    [{ settings: { SEARCH_PATH: 'x' } }, '`settings.SEARCH_PATH`', /schema of the entity/],
    [{ settings: { 'nestjs_backfill.batch': 'x' } }, '`settings.nestjs_backfill.batch`', /Leave it out/],
  ])('the invalid options %j', async (options, named, remedy) => {
    const code = 'kind' in options ? {} : SET;
    const error = await refusals.of([declared('One', { ...OPTIONS, ...options }, code)]);
    expectRefusal(error, InvalidBackfillOptionError, { names: ['One', named], remedy });
  });

  it.each([
    [{ throttle: false }, '`throttle`', /^Did you mean `throttles`\?/],
    [{ defaults: { batchsize: 4 } }, '`defaults.batchsize`', /^Did you mean `batchSize`\?/],
    [{ migrations: { grandfatherd: [] } }, '`migrations.grandfatherd`', /^Did you mean `grandfathered`\?/],
    [{ migrations: { policy: { lockTimout: 5 } } }, '`migrations.policy.lockTimout`', /`lockTimeout`/],
    [{ catchUp: { cron: '0 * * * *', shutdownTimeot: 5 } }, '`catchUp.shutdownTimeot`', /`shutdownTimeout`/],
  ])('an unknown option of the module: %j', async (module, named, remedy) => {
    const error = await refusals.ofModule(module as BackfillModuleOptions, [declared('One', OPTIONS, SET)]);
    expectRefusal(error, InvalidBackfillOptionError, { names: ['BackfillModule', named], remedy });
  });

  it.each([
    ['batchSize', 0],
    ['batchSize', 1e9],
    ['maxBatchSize', 100],
    ['targetDuration', 0],
    ['pause', -1],
    ['pause', 'sometimes'],
    ['workers', 0],
    ['maxWorkers', 1.5],
    ['lockTimeout', 0],
    ['lockTimeout', '60s'],
    ['statementTimeout', Number.POSITIVE_INFINITY],
    ['idleInTransactionTimeout', 0],
    ['maxQuarantined', -1],
    ['progressEvery', 0],
    ['synchronousCommit', 'sometimes'],
  ])('%s: %p for a backfill or for the module', async (option, value) => {
    const backfill = await refusals.of([declared('One', { ...OPTIONS, [option]: value }, SET)]);
    expectRefusal(backfill, InvalidBackfillOptionError, {
      names: ['One', `\`${option}\``],
      remedy: /^Give /,
    });
    expect((backfill as InvalidBackfillOptionError).option).toBe(option);
    const ofModule = await refusals.ofModule({ defaults: { [option]: value } }, [
      declared('One', OPTIONS, SET),
    ]);
    expectRefusal(ofModule, InvalidBackfillOptionError, { names: [`${option}\``], remedy: /^Give / });
  });

  it('a duration as text in the defaults of the module; the error names the module', async () => {
    const error = await refusals.ofModule({ defaults: { pause: '20ms' as never } });
    expectRefusal(error, InvalidBackfillOptionError, {
      names: ['BackfillModule: the option `defaults.pause` is "20ms".'],
      remedy: /whole number of milliseconds from 0 to .*, as a number without quotes and unit, or 'auto'\.$/,
    });
  });

  it.each([
    ['schema', ''],
    ['schema', 'x'.repeat(64)],
    ['schema', 7],
    ['leaseDuration', 999],
    ['leaseDuration', Number.NaN],
  ])('%s: %p for the module', async (option, value) => {
    expectRefusal(await refusals.ofModule({ [option]: value }), InvalidBackfillOptionError, {
      names: ['BackfillModule', `\`${option}\``],
      remedy: /^Give /,
    });
  });

  it.each([
    ['set() that returns no column', {}, { set: () => ({}) }, 'set()'],
    ['set() that returns nothing', {}, { set: () => undefined }, 'set()'],
    ['set() that returns a value instead of SQL', {}, { set: () => ({ searchName: 7 }) }, 'set()'],
    ['transform without `writes`', {}, { transform: () => [] }, 'writes'],
    ['copy without `into`', {}, { copy: () => ({ leadId: '1' }) }, 'into'],
    [
      'copy() without the conflict columns',
      { into: Contact },
      { copy: () => ({ label: 'name' }) },
      'conflict',
    ],
    ['`writes` that is not a list', { writes: 'searchName' }, { transform: () => [] }, 'writes'],
    ['`dependsOn` that is not a list', { dependsOn: 'other' }, SET, 'dependsOn'],
    ['an order of tenants without `tenant`', { tenantOrder: 'round-robin' }, SET, 'tenantOrder'],
    ['an unknown order of tenants', { tenant: 'tenantId', tenantOrder: 'largest-first' }, SET, 'tenantOrder'],
    [
      'a canary without tenants',
      { tenant: 'tenantId', canary: { tenants: [], then: 'wait' } },
      SET,
      'canary',
    ],
    ['a canary without `then`', { tenant: 'tenantId', canary: { tenants: ['7'] } }, SET, 'canary'],
  ])('%s', async (_, options, code, option) => {
    const error = await refusals.of([declared('One', { ...OPTIONS, ...options }, code)]);
    expectRefusal(error, InvalidBackfillOptionError, { names: ['One', `\`${option}\``], remedy: /./ });
  });
});
