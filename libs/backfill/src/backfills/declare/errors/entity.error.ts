import { BackfillError } from '../../../errors/backfill.error.js';

/** The data source does not have the entity. @publicApi */
export class UnknownEntityError extends BackfillError {
  /** @param option `entity` or `into` */
  constructor(className: string, option: string, entity: string, dataSource: string) {
    super(
      `${className}: the option \`${option}\` names the entity ${entity}, which the data source "${dataSource}" does not have.`,
      {
        subject: className,
        remedy: `Add it to the data source's \`entities\` (TypeOrmModule.forFeature([${entity}]) with autoLoadEntities does).`,
      },
    );
  }
}
