import { BackfillError } from '../../errors/backfill.error.js';
import { nearest } from '../../text/nearest.js';
import { BACKFILL_KINDS, type BackfillKind } from './kinds.js';

/** Two providers claim one name. */
export class DuplicateBackfillNameError extends BackfillError {
  constructor(name: string, first: string, second: string) {
    super(
      first === second
        ? `Backfill "${name}": the class ${first} is provided by more than one module.`
        : `Backfill "${name}" is declared twice: by ${first} and by ${second}.`,
      {
        subject: name,
        remedy:
          first === second
            ? 'Provide it in one module alone.'
            : 'The name is the key of its record in the ledger: give one of them another `name`.',
      },
    );
  }
}

/** An option of `@Backfill` or of the module has a value that cannot work. */
export class InvalidBackfillOptionError extends BackfillError {
  readonly option: string;

  constructor(className: string, option: string, problem: string, remedy: string) {
    super(`${className}: the option \`${option}\` ${problem}.`, { subject: className, remedy });
    this.option = option;
  }
}

/** The index that serves the backfill is declared by no provider of the application. */
export class UndeclaredIndexError extends BackfillError {
  readonly option = 'index';

  constructor(className: string, named: string, declared: readonly string[]) {
    super(`${className}: the option \`index\` names ${named}, and no provider declares that index.`, {
      subject: className,
      remedy:
        'Decorate its class with @OnlineIndex and provide it in a module. ' +
        (declared.length > 0 ? `Declared are: ${declared.join(', ')}.` : 'No index is declared at all.'),
    });
  }
}

/** The class has no method that says what to do, or more than one. */
export class UnclearBackfillKindError extends BackfillError {
  constructor(className: string, found: readonly BackfillKind[]) {
    super(
      found.length === 0
        ? `${className} does not say what to do: it has none of the methods set, transform, copy and process.`
        : `${className} says more than one thing to do: ${found.join(' and ')}.`,
      {
        subject: className,
        remedy: `Implement exactly one of ${BACKFILL_KINDS.filter((kind) => kind !== 'purge').join('(), ')}(); or, to delete the pending rows, none of them and \`kind: 'purge'\`.`,
      },
    );
  }
}

/** A backfill is one instance that lives as long as the application; this provider's instances do not. */
export class RequestScopedBackfillError extends BackfillError {
  constructor(className: string) {
    super(
      `${className} is transient or request-scoped (or depends on a provider that is request-scoped), and a backfill is one instance that runs without a request.`,
      {
        subject: className,
        remedy:
          'Give it, and what it injects, the default scope; take what changes from call to call as an argument instead.',
      },
    );
  }
}

/** The option `dataSource` names no TypeORM data source of the application. */
export class UnknownDataSourceError extends BackfillError {
  constructor(className: string, name: string, known: readonly string[]) {
    super(`${className}: the application has no TypeORM data source "${name}"; it has ${listed(known)}.`, {
      subject: className,
      remedy: 'Name one of them in `dataSource`, or import `TypeOrmModule.forRoot({ name, … })` for it.',
    });
  }
}

/** The data source is not PostgreSQL. */
export class UnsupportedDatabaseError extends BackfillError {
  constructor(className: string, dataSource: string, type: string) {
    super(`${className}: the data source "${dataSource}" is of type "${type}".`, {
      subject: className,
      remedy: 'Backfills run on PostgreSQL: use a data source of type "postgres".',
    });
  }
}

/** The entity is not one that the data source knows. */
export class UnknownEntityError extends BackfillError {
  constructor(className: string, option: string, entity: string, dataSource: string) {
    super(
      `${className}: the entity ${entity}, named in \`${option}\`, is not part of the data source "${dataSource}".`,
      {
        subject: className,
        remedy: `Add it to the data source's \`entities\` (TypeOrmModule.forFeature([${entity}]) with autoLoadEntities does).`,
      },
    );
  }
}

/** A property that is not a column of the entity. */
export class UnknownColumnError extends BackfillError {
  readonly column: string;

  constructor(className: string, option: string, column: string, entity: string, known: readonly string[]) {
    super(`${className}: \`${option}\` names "${column}", which is not a column of ${entity}.`, {
      subject: className,
      remedy: `Use one of its properties: ${known.join(', ')}.`,
    });
    this.column = column;
  }
}

/** A sweep needs a key to go along. */
export class MissingPrimaryKeyError extends BackfillError {
  constructor(className: string, entity: string) {
    super(
      `${className}: ${entity} has no primary key, so there is nothing to go along from batch to batch.`,
      {
        subject: className,
        remedy:
          'Give the table a primary key and declare it on the entity with @PrimaryColumn or @PrimaryGeneratedColumn.',
      },
    );
  }
}

/** The key may not change under the cursor. */
export class KeyChangedError extends BackfillError {
  constructor(className: string, column: string) {
    super(
      `${className}: it writes "${column}", which is part of the primary key that the sweep goes along.`,
      {
        subject: className,
        remedy: 'Copy the rows under their new key with `copy`, then delete the old ones with `purge`.',
      },
    );
  }
}

/** The pending predicate cannot be turned into SQL, or would not say what it seems to say. */
export class InvalidPredicateError extends BackfillError {
  constructor(className: string, problem: string, remedy: string, cause?: unknown) {
    super(`${className}: \`where\` ${problem}.`, { subject: className, remedy, cause });
  }
}

/** The change leaves the pending predicate as it was, so that the backfill could never be complete. */
export class PredicateNotFalsifiedError extends BackfillError {
  constructor(className: string, written: readonly string[], predicate: string) {
    super(
      `${className}: it writes ${listed(written)}, and its pending predicate (${predicate}) looks at none of them: the rows would still be pending after the change.`,
      {
        subject: className,
        remedy:
          'Let `where` tell the rows that are not done yet by a column that the change writes, e.g. `{ column: IsNull() }`.',
      },
    );
  }
}

/** `dependsOn` names a backfill that is not declared. */
export class UnknownDependencyError extends BackfillError {
  constructor(name: string, dependency: string, known: readonly string[]) {
    super(`Backfill "${name}" depends on "${dependency}", which is not declared.`, {
      subject: name,
      remedy: `Declared are ${listed(known)}. Correct the name in \`dependsOn\`, or provide the class.`,
    });
  }
}

/** Backfills that wait for each other. */
export class DependencyCycleError extends BackfillError {
  readonly cycle: readonly string[];

  constructor(cycle: readonly string[]) {
    super(`Backfills wait for each other: ${cycle.join(' → ')}.`, {
      subject: cycle[0] ?? '',
      remedy: 'Take one of these `dependsOn` away; what both need can be a backfill of its own.',
    });
    this.cycle = cycle;
  }
}

/** Somebody asked for a backfill that is not there. */
export class UnknownBackfillError extends BackfillError {
  constructor(name: string, known: readonly string[]) {
    const meant = nearest(name, known);
    super(`There is no backfill "${name}".`, {
      subject: name,
      remedy:
        known.length > 0
          ? `${meant ? `Did you mean "${meant}"? ` : ''}Declared are ${listed(known)}.`
          : 'None is declared: provide a class with @Backfill in a module.',
    });
  }
}

/** `--tenant` needs to know whose a row is. */
export class TenantNotDeclaredError extends BackfillError {
  constructor(name: string) {
    super(
      `Backfill "${name}" cannot be run for single tenants: it does not say which column tells the tenant.`,
      {
        subject: name,
        remedy: 'Name it: `@Backfill({ tenant: "tenantId", … })`, or run it without --tenant.',
      },
    );
  }
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `"${name}"`).join(', ');
}
