import type { EntityMetadata } from 'typeorm/metadata/EntityMetadata.js';
import { BackfillError } from '../../../errors/backfill.error.js';

/** An option or a method names a property that is not a column of the entity. @publicApi */
export class UnknownColumnError extends BackfillError {
  /** The unknown property name. */
  readonly column: string;

  constructor(className: string, option: string, column: string, entity: EntityMetadata) {
    super(`${className}: \`${option}\` names "${column}", which is not a column of ${entity.name}.`, {
      subject: className,
      remedy: `Use one of its properties: ${entity.columns.map(({ propertyPath }) => propertyPath).join(', ')}.`,
    });
    this.column = column;
  }
}
