import { InvalidPredicateError, PredicateNotFalsifiedError } from 'nestjs-backfill/errors';
import { And, Equal, In, IsNull, LessThan, Not } from 'typeorm';
import { declared } from '../../support/applications/refusal.ts';
import { expectRefusal, OPTIONS, Refusals, SET } from './declared-lead.ts';

describe('an application does not start with', () => {
  const refusals = Refusals.forSpec();

  it.each([
    ['set', {}, { set: () => ({ name: `'x'` }) }],
    ['transform', { writes: ['name'] }, { transform: () => [] }],
  ])('a pending predicate that the change of %s() does not affect', async (_, options, code) => {
    const error = await refusals.of([declared('One', { ...OPTIONS, ...options }, code)]);
    expectRefusal(error, PredicateNotFalsifiedError, {
      names: ['One', '"name"', 'search_name'],
      remedy: /`where`.*IsNull\(\)/,
    });
  });

  it.each([
    ['missing', undefined],
    ['empty', {}],
    ['empty', []],
    ['empty', [{ searchName: IsNull() }, {}]],
    ['empty', ' '],
    ['empty', ';'],
    ['empty', () => ''],
    ['a value undefined', { searchName: undefined }],
    ['a value null', { searchName: null }],
    ['an undefined among the alternatives', [{ searchName: IsNull() }, { name: undefined }]],
    ['a comparison with undefined', { searchName: IsNull(), name: LessThan(undefined) }],
    ['a negated undefined', { searchName: Not(Equal(undefined)) }],
    ['an empty list', { searchName: Not(In([])) }],
    ['a list with undefined', { searchName: In(['a', undefined]) }],
    ['an And with undefined', { searchName: And(Not(IsNull()), LessThan(undefined)) }],
    ['an invalid date', { searchName: LessThan(new Date('soon')) }],
    ['a number', 7],
    ['null', null],
    ['a function that returns nothing', () => undefined],
  ])('a pending predicate that is %s: %p', async (_, where) => {
    const error = await refusals.of([declared('One', { ...OPTIONS, where }, SET)]);
    expectRefusal(error, InvalidPredicateError, { names: ['One', '`where`'], remedy: /IsNull\(\)/ });
  });
});

describe('an application starts with', () => {
  const refusals = Refusals.forSpec();

  it.each(['false', ' FALSE ', '(false)'])(
    'the pending predicate %j, which no change has to affect, because no row is pending',
    async (where) => {
      const start = refusals.of([declared('One', { ...OPTIONS, where }, { set: () => ({ name: `'x'` }) })]);
      await expect(start).rejects.toThrow('The application started');
    },
  );
});
