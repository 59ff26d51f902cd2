import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import {
  DependencyCycleError,
  DuplicateBackfillNameError,
  InvalidBackfillOptionError,
  RequestScopedBackfillError,
  UnclearBackfillKindError,
  UnknownDependencyError,
} from 'nestjs-backfill/errors';
import { Lead } from '../../support/tables/lead-tables.ts';
import { declared } from '../../support/applications/refusal.ts';
import { expectRefusal, OPTIONS, Refusals, SET } from './declared-lead.ts';

describe('an application does not start with', () => {
  const refusals = Refusals.forSpec();

  it('two classes with the same name', async () => {
    const other = declared('Other', OPTIONS, SET);
    expectRefusal(await refusals.of([declared('One', OPTIONS, SET), other]), DuplicateBackfillNameError, {
      names: ['leads-search-name', 'One', 'Other'],
      remedy: /give one of them another `name`/,
    });
  });

  it('one class in two modules', async () => {
    const One = declared('One', OPTIONS, SET);
    @Module({ providers: [One] })
    class Feature {}
    const error = await refusals.of([One], { imports: [Feature] });
    expectRefusal(error, DuplicateBackfillNameError, {
      names: ['One', 'leads-search-name', 'more than one module'],
      remedy: /one module only/,
    });
  });

  it('a request-scoped backfill', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      set = SET.set;
    }
    Backfill(OPTIONS)(PerRequest);
    Injectable({ scope: Scope.REQUEST })(PerRequest);
    expectRefusal(await refusals.of([PerRequest]), RequestScopedBackfillError, {
      names: ['PerRequest', 'request-scoped'],
      remedy: /default scope/,
    });
  });

  it('a backfill that depends on a request-scoped provider', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class CurrentUser {}
    @Backfill<Lead>(OPTIONS)
    class Dependent implements SetBackfill<Lead> {
      constructor(@Inject(CurrentUser) readonly user: CurrentUser) {}
      set = SET.set;
    }
    const error = await refusals.of([Dependent], { providers: [CurrentUser] });
    expectRefusal(error, RequestScopedBackfillError, { names: ['Dependent'], remedy: /default scope/ });
  });

  it('a transient backfill', async () => {
    class Transient {
      set = SET.set;
    }
    Backfill(OPTIONS)(Transient);
    Injectable({ scope: Scope.TRANSIENT })(Transient);
    expectRefusal(await refusals.of([Transient]), RequestScopedBackfillError, {
      names: ['Transient'],
      remedy: /default scope/,
    });
  });

  it('a class without a kind', async () => {
    expectRefusal(await refusals.of([declared('One', OPTIONS, {})]), UnclearBackfillKindError, {
      names: ['One', 'set, transform, copy and process'],
      remedy: /exactly one of .*`kind: 'purge'`/,
    });
  });

  it.each([
    ['two methods', {}, { ...SET, process: () => undefined }, 'set and process'],
    ['purge and a method', { kind: 'purge' }, SET, 'purge and set'],
  ])('a class with two kinds: %s', async (_, options, code, named) => {
    const error = await refusals.of([declared('One', { ...OPTIONS, ...options }, code)]);
    expectRefusal(error, UnclearBackfillKindError, { names: ['One', named], remedy: /exactly one of/ });
  });

  it('an unknown kind', async () => {
    const error = await refusals.of([declared('One', { ...OPTIONS, kind: 'truncate' }, {})]);
    expectRefusal(error, InvalidBackfillOptionError, {
      names: ['One', '`kind`', 'truncate'],
      remedy: /purge/,
    });
  });

  it('an undeclared dependency', async () => {
    const error = await refusals.of([declared('One', { ...OPTIONS, dependsOn: ['other'] }, SET)]);
    expectRefusal(error, UnknownDependencyError, {
      names: ['leads-search-name', '"other"'],
      remedy: /`dependsOn`/,
    });
  });

  it('a cycle of dependencies; the error shows its path', async () => {
    const link = (name: string, dependsOn: string) =>
      declared(name, { ...OPTIONS, name, dependsOn: [dependsOn] }, SET);
    const error = await refusals.of([link('a', 'b'), link('b', 'c'), link('c', 'b')]);
    expectRefusal(error, DependencyCycleError, { names: ['b → c → b'], remedy: /`dependsOn`/ });
    expect((error as DependencyCycleError).cycle).toEqual(['b', 'c', 'b']);
  });

  it('a backfill that depends on itself', async () => {
    const options = { ...OPTIONS, dependsOn: [OPTIONS.name] };
    const error = await refusals.of([declared('One', options, SET)]);
    expectRefusal(error, DependencyCycleError, { names: [OPTIONS.name], remedy: /`dependsOn`/ });
  });
});
