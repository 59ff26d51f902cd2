import { BackfillError } from '../../../errors/backfill.error.js';
import { quotedList } from '../../../text/quoted-list.js';

/** The application has no TypeORM data source with the name in `dataSource`. @publicApi */
export class UnknownDataSourceError extends BackfillError {
  constructor(className: string, name: string, known: readonly string[]) {
    super(
      `${className}: the application has no TypeORM data source "${name}"; it has ${quotedList(known)}.`,
      {
        subject: className,
        remedy: 'Name one of them in `dataSource`, or import `TypeOrmModule.forRoot({ name, … })` for it.',
      },
    );
  }
}

/** The data source is not PostgreSQL. @publicApi */
export class UnsupportedDatabaseError extends BackfillError {
  constructor(className: string, dataSource: string, type: string) {
    super(`${className}: the data source "${dataSource}" is of type "${type}".`, {
      subject: className,
      remedy: 'Backfills run on PostgreSQL: use a data source of type "postgres".',
    });
  }
}
