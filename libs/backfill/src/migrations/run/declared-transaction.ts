import type { MigrationInterface } from 'typeorm';

/** The property of a `SchemaMigration` with the `transaction` that its class declares: TypeORM must not see it. */
export const DECLARED_TRANSACTION = Symbol('nestjs-backfill:declared-transaction');

/** The `transaction` of a migration's class. */
export function declaredTransaction(instance: MigrationInterface | undefined): boolean | undefined {
  const declared = (instance as { [DECLARED_TRANSACTION]?: boolean } | undefined)?.[DECLARED_TRANSACTION];
  return declared ?? instance?.transaction;
}
