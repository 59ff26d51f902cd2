import { SchemaState } from '../../../libs/sql/src/locks/schema-state.ts';

const leads = { name: 'leads' };
const people = { name: 'people' };
/** The finding of `ALTER TABLE leads ALTER stage DROP DEFAULT`. */
const finding = { rule: 'default-dropped', table: leads, names: { column: 'stage' } };

describe('a default that a migration drops', () => {
  let state: SchemaState;

  beforeEach(() => {
    state = new SchemaState();
    state.dropped.dropDefault(leads, 'stage');
  });

  it('is missing until the column has one again', () => {
    expect(state.dropped.isMissing(finding)).toBe(true);
    state.dropped.restoreDefault(leads, 'stage');
    expect(state.dropped.isMissing(finding)).toBe(false);
  });

  it('is found again under the new names of its table and column', () => {
    state.rename(leads, people);
    state.renameColumn(people, 'stage', 'step');
    expect(state.dropped.isMissing(finding)).toBe(true);
    state.dropped.restoreDefault(people, 'step');
    expect(state.dropped.isMissing(finding)).toBe(false);
  });

  it('is not missing once its table is dropped', () => {
    state.drop(leads);
    expect(state.dropped.isMissing(finding)).toBe(false);
  });

  it('is missing in a copy of the state, which does not change the original', () => {
    const copy = state.copy();
    expect(copy.dropped.isMissing(finding)).toBe(true);
    copy.dropped.restoreDefault(leads, 'stage');
    expect(state.dropped.isMissing(finding)).toBe(true);
  });
});

describe('a table that a migration drops', () => {
  it('is dropped until a relation has its name again', () => {
    const state = new SchemaState();
    state.drop(leads);
    expect(state.dropped.hasRelation(leads)).toBe(true);
    state.rename(people, leads);
    expect(state.dropped.hasRelation(leads)).toBe(false);
  });
});
