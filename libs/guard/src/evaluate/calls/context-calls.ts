import type { StopReason } from '../machine/event.types.js';
import type { Call } from '../machine/machine.types.js';
import { knownText } from '../values/text-value.js';
import type { UnknownCallee } from './call.types.js';

const QUERY_NAME =
  /^(?:query|execute|exec|raw|sql|run|\w*(?:run|exec|execute)_?(?:sql|query|queries|statements?|raw)|\w*query)$/i;

/** The names that wrappers give to functions for the schema. */
const SCHEMA_NAME =
  /^(?:create|drop|add|alter|rename|change|set|has|get|build|make|remove|enable|disable|escape|quote|parse|load|format)|^(?:column|schema|table|index|tableName|columnName|indexName|logger|escape|prefix)/i;

/** Parts of a chain such as `schemaBuilder.createTable('a').withColumns(…)`. */
const SCHEMA_CHAIN =
  /\b(?:schema\w*|(?:create|drop|add|alter|rename)(?:Table|Columns?|Index|ForeignKey|NotNull|Enum\w*)|columns?|escape|logger)\b/i;

const DATA_NAME =
  /rows?|record|data|seed|backfill|populate|insert|update|delete|upsert|save|copy|migrate|move|purge|truncate|batch|entit/i;

/** A wrapper around TypeORM gives the migration its own functions. Only their names say what they do. */
export function effectOnContext({ name, expression }: UnknownCallee, { args }: Call): StopReason | undefined {
  if (QUERY_NAME.test(name)) return knownText(args[0]) === undefined ? 'sql' : undefined;
  const isSchemaWork = SCHEMA_NAME.test(name) || SCHEMA_CHAIN.test(expression);
  return DATA_NAME.test(name) || !isSchemaWork ? 'helper' : undefined;
}
