import { BackfillError } from '../../../errors/backfill.error.js';

/** The entity has no primary key. @publicApi */
export class MissingPrimaryKeyError extends BackfillError {
  constructor(className: string, entity: string) {
    super(`${className}: ${entity} has no primary key, so the backfill cannot read its rows in batches.`, {
      subject: className,
      remedy:
        'Give the table a primary key and declare it on the entity with @PrimaryColumn or @PrimaryGeneratedColumn.',
    });
  }
}

/** The backfill writes a column of the primary key, which orders the sweep. @publicApi */
export class KeyChangedError extends BackfillError {
  constructor(className: string, column: string) {
    super(
      `${className} writes "${column}", which is part of the primary key. The sweep reads rows in its order.`,
      {
        subject: className,
        remedy: 'Copy the rows under their new key with `copy`, then delete the old rows with `purge`.',
      },
    );
  }
}
