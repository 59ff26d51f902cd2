import { getDataSourceToken } from '@nestjs/typeorm';
import {
  KeyChangedError,
  MissingPrimaryKeyError,
  UnknownColumnError,
  UnknownDataSourceError,
  UnknownEntityError,
  UnsupportedDatabaseError,
} from 'nestjs-backfill/errors';
import { DataSource, EntitySchema, IsNull } from 'typeorm';
import { Contact } from '../../support/tables/lead-tables.ts';
import { declared } from '../../support/applications/refusal.ts';
import { expectRefusal, KeylessView, OPTIONS, Refusals, SET } from './declared-lead.ts';

describe('an application does not start with', () => {
  const refusals = Refusals.forSpec();

  it.each([
    ['set()', {}, { set: () => ({ serchName: 'x' }) }],
    ['tenant', { tenant: 'tenant' }, SET],
    ['reads', { reads: ['nmae'], writes: ['searchName'] }, { transform: () => [] }],
    ['writes', { writes: ['nmae'] }, { transform: () => [] }],
    ['reads', { reads: ['nmae'] }, { process: () => undefined }],
    ['conflict', { into: Contact, conflict: ['nmae'] }, { copy: () => ({ leadId: '1' }) }],
    ['copy()', { into: Contact }, { copy: () => ({ nmae: '1' }) }],
    ['where', { where: (row: Record<string, string>) => `${row['nmae']} IS NULL` }, SET],
  ])('an unknown column in %s', async (option, options, code) => {
    const error = await refusals.of([declared('One', { ...OPTIONS, ...options }, code)]);
    expectRefusal(error, UnknownColumnError, { names: ['One', option], remedy: /one of its properties: .+/ });
  });

  it('an unknown column in the conditions of where', async () => {
    const where = [{ searchName: IsNull() }, { nmae: IsNull() }];
    expectRefusal(await refusals.of([declared('One', { ...OPTIONS, where }, SET)]), UnknownColumnError, {
      names: ['One', 'where', 'nmae'],
      remedy: /one of its properties: .*searchName/,
    });
  });

  it('an unknown column of the row in a sub-query of set()', async () => {
    const set = (row: Record<string, string>) => ({ searchName: `(SELECT ${row['nmae']})` });
    expectRefusal(await refusals.of([declared('One', OPTIONS, { set })]), UnknownColumnError, {
      names: ['One', 'set', 'nmae'],
      remedy: /one of its properties/,
    });
  });

  it('an unknown entity as `entity` or as `into`', async () => {
    class Stranger {}
    const entity = await refusals.of([declared('One', { ...OPTIONS, entity: Stranger }, SET)]);
    expectRefusal(entity, UnknownEntityError, { names: ['One', 'Stranger', '`entity`'], remedy: /entities/ });
    const code = { copy: () => ({ leadId: '1' }) };
    const into = await refusals.of([declared('One', { ...OPTIONS, into: Stranger }, code)]);
    expectRefusal(into, UnknownEntityError, { names: ['One', 'Stranger', '`into`'], remedy: /entities/ });
  });

  it('an entity of another data source; the error names the data source', async () => {
    const Elsewhere = new EntitySchema({
      name: 'Elsewhere',
      columns: { id: { type: 'int', primary: true } },
    });
    const error = await refusals.of([declared('One', { ...OPTIONS, entity: Elsewhere }, SET)]);
    expectRefusal(error, UnknownEntityError, {
      names: ['One', 'Elsewhere', '"default"'],
      remedy: /entities/,
    });
  });

  it('no entity at all', async () => {
    const error = await refusals.of([declared('One', { ...OPTIONS, entity: undefined }, SET)]);
    expectRefusal(error, UnknownEntityError, { names: ['One', '`entity`'], remedy: /entities/ });
  });

  it('an unknown data source', async () => {
    const error = await refusals.of([declared('One', { ...OPTIONS, dataSource: 'archive' }, SET)]);
    expectRefusal(error, UnknownDataSourceError, {
      names: ['One', '"archive"', '"default"'],
      remedy: /`dataSource`.*TypeOrmModule/,
    });
  });

  it('a data source that is not PostgreSQL', async () => {
    const sqlite = new DataSource({ type: 'better-sqlite3', database: ':memory:', driver: {} });
    const error = await refusals.of([declared('One', { ...OPTIONS, dataSource: 'local' }, SET)], {
      providers: [{ provide: getDataSourceToken('local'), useValue: sqlite }],
    });
    expectRefusal(error, UnsupportedDatabaseError, {
      names: ['One', '"local"', 'better-sqlite3'],
      remedy: /PostgreSQL/,
    });
  });

  it('an entity without a primary key', async () => {
    const options = { name: 'one', entity: KeylessView, where: { name: IsNull() } };
    const error = await refusals.of([declared('One', options, { set: () => ({ name: `''` }) })]);
    expectRefusal(error, MissingPrimaryKeyError, { names: ['One', 'KeylessView'], remedy: /@PrimaryColumn/ });
  });

  it.each([
    ['set', {}, { set: () => ({ id: 'id + 1', searchName: 'name' }) }],
    ['transform', { writes: ['searchName', 'id'] }, { transform: () => [] }],
  ])('a change of %s() that writes the key', async (_, options, code) => {
    const error = await refusals.of([declared('One', { ...OPTIONS, ...options }, code)]);
    expectRefusal(error, KeyChangedError, { names: ['One', '"id"'], remedy: /`copy`.*`purge`/ });
  });
});
