import type { Type } from '@nestjs/common';
import type { BackfillError, BackfillModuleOptions } from 'nestjs-backfill';
import { EntitySchema, IsNull } from 'typeorm';
import type { TestApplicationOptions } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';
import { refusal } from '../../support/applications/refusal.ts';

/** TypeORM accepts an entity without a key only for a view. */
export const KeylessView = new EntitySchema<{ name: string }>({
  name: 'KeylessView',
  type: 'view',
  expression: 'SELECT 1',
  columns: { name: { type: 'text' } },
});

/** A valid declaration. Each test makes one part of it invalid. */
export const OPTIONS = { name: 'leads-search-name', entity: Lead, where: { searchName: IsNull() } };
export const SET = { set: () => ({ searchName: 'lower(name)' }) };

/** Starts invalid applications on a database of the spec, and returns the errors of their starts. */
export class Refusals {
  #database: TestDatabase | null = null;

  /** Creates the database before all tests of the spec, and drops it after them. */
  static forSpec(): Refusals {
    const refusals = new Refusals();
    beforeAll(async () => {
      refusals.#database = await TestDatabase.create();
    });
    afterAll(() => refusals.#database?.drop());
    return refusals;
  }

  of(backfills: readonly Type[], options: Partial<TestApplicationOptions> = {}): Promise<BackfillError> {
    return refusal({
      database: this.#database as TestDatabase,
      entities: [...LEAD_TABLES, KeylessView],
      backfills,
      synchronize: false,
      ...options,
    });
  }

  ofModule(module: BackfillModuleOptions, backfills: readonly Type[] = []): Promise<BackfillError> {
    return this.of(backfills, { module });
  }
}

/** Expects an error that names the class or the backfill, and the option, and that ends with its remedy. */
export function expectRefusal(
  error: BackfillError,
  expected: abstract new (...args: never[]) => BackfillError,
  { names, remedy }: { readonly names: readonly string[]; readonly remedy: RegExp },
): void {
  expect(error).toBeInstanceOf(expected);
  expect(error.name).toBe(expected.name);
  for (const name of names) expect(error.message).toContain(name);
  expect(error.remedy).toMatch(remedy);
  expect(error.message.endsWith(error.remedy)).toBe(true);
}
