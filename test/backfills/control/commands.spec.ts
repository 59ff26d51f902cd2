import { BackfillService } from 'nestjs-backfill';
import { CommandStoppedError } from 'nestjs-backfill/errors';
import type { PhaseServices } from '../../../libs/backfill/src/deploy/phase.services.ts';
import type { ControlArguments } from '../../../libs/backfill/src/one-shot/arguments/control.arguments.ts';
import { runControlCommand } from '../../../libs/backfill/src/one-shot/control.command.ts';
import { exitCodeOfControl } from '../../../libs/backfill/src/one-shot/exit-code.ts';
import { jobsStage, resetJobs } from '../../support/applications/jobs.ts';
import { LockHolder } from '../../support/server/lock-holder.ts';

describe('the command of a person', () => {
  const stage = jobsStage(20);
  const service = () => stage.application.context.get(BackfillService);
  const command = (changes: Partial<ControlArguments>, options = {}) =>
    runControlCommand(
      { backfills: service() } as unknown as PhaseServices,
      { verb: 'pause', names: ['do-jobs'], changes: {}, why: undefined, targets: [], ...changes },
      options,
    );
  const statuses = async () => (await service().status()).backfills.map(({ status }) => status);

  afterEach(async () => {
    await LockHolder.releaseAll();
    await resetJobs(stage.database, 20);
  });

  it('works on the table of the application before its first run', async () => {
    await stage.query('DROP SCHEMA IF EXISTS nestjs_backfill CASCADE');
    for (const target of ['public', 'public.jobs'])
      expect((await service().status({ names: ['do-jobs'], targets: [target] })).backfills).toMatchObject([
        { name: 'do-jobs', target: 'public.jobs', status: 'pending', changedAt: null },
      ]);
    await expect(service().status({ names: ['do-jobs'], targets: ['tenant_9'] })).rejects.toThrow(
      'It has public.jobs.',
    );
    expect(await service().pause('do-jobs', { targets: ['public'] })).toMatchObject({
      ...{ target: 'public.jobs', status: 'paused', changed: true },
      changedTargets: { total: 1, first: ['public.jobs'] },
    });
  });

  it('pauses what can be paused, and says what cannot and why', async () => {
    await stage.run('note-jobs');
    const report = await command({ names: ['note-jobs', 'do-jobs'] });
    expect(report).toMatchObject({
      backfills: [{ name: 'do-jobs', status: 'paused' }],
      refused: [
        { name: 'note-jobs', kind: 'status', reason: expect.stringContaining('is complete') as unknown },
      ],
    });
    expect(await statuses()).toEqual(expect.arrayContaining(['paused', 'complete']));
    expect(exitCodeOfControl(report, { strict: false })).toBe(0);
    expect(exitCodeOfControl(report, { strict: true })).toBe(3);
    const nothing = await command({ names: ['note-jobs', 'note-jobs'] });
    expect(exitCodeOfControl(nothing, { strict: false })).toBe(2);
  });

  it.each([
    ['--pause', () => service().pause.bind(service(), 'do-jobs'), 'nestjs_backfill.backfill'],
    ['--set', () => service().set.bind(service(), 'do-jobs', { batchSize: 5 }), 'nestjs_backfill.control'],
    ['--prune', () => service().prune.bind(service()), 'nestjs_backfill.sample'],
  ])(
    '%s says which session it waits for, and ends at a signal with nothing changed',
    async (_, start, table) => {
      await service().resume('do-jobs');
      const holder = await LockHolder.hold(
        stage.database,
        `LOCK ${table} IN ACCESS EXCLUSIVE MODE`,
        'a report',
      );
      const stop = new AbortController();
      const waits: string[] = [];
      const waiting = (wait: string) => {
        waits.push(wait);
        stop.abort('SIGTERM');
      };
      await expect(start()({ signal: stop.signal, waiting })).rejects.toThrow(CommandStoppedError);
      expect(waits).toEqual([expect.stringContaining(`a lock held by pid ${holder.pid} (a report)`)]);
      await holder.release();
      const [status] = (await service().status({ names: ['do-jobs'] })).backfills;
      expect(status).toMatchObject({ status: 'pending', settings: [] });
    },
  );

  it('does not begin after a signal', async () => {
    await service().resume('do-jobs');
    await expect(service().pause('do-jobs', { signal: AbortSignal.abort('SIGTERM') })).rejects.toThrow(
      'stopped by SIGTERM',
    );
    const report = await command(
      { names: ['do-jobs', 'note-jobs'] },
      { signal: AbortSignal.abort('SIGINT') },
    );
    expect(report.refused?.map(({ name, kind }) => [name, kind])).toEqual([
      ['do-jobs', 'error'],
      ['note-jobs', 'error'],
    ]);
    expect(exitCodeOfControl(report, { strict: false })).toBe(2);
    expect(await statuses()).not.toContain('paused');
  });
});
