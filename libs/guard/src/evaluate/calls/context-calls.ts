import type { StopReason } from '../machine/event.types.js';
import type { Call } from '../machine/machine.types.js';
import { knownText } from '../values/text-value.js';
import { isCompoundName } from './call-names.js';
import type { UnknownCallee } from './call.types.js';

const QUERY_NAME =
  /^(?:query|execute|exec|raw|sql|run|\w*(?:run|exec|execute)_?(?:sql|query|queries|statements?|raw)|\w*query)$/i;

/** The names that wrappers give to functions that change the schema: a verb and a part of the schema. */
const SCHEMA_CHANGE =
  /^(?:create|drop|add|alter|rename|change|set|make|remove|enable|disable|ensure)(?:\w*(?:Tables?|Columns?|Index|Indexes|Indices|Keys?|Constraints?|Enums?|Views?|Unique|Check|NotNull|Nullable|Type|EnumValues?|Schema|Sequence|Trigger|Function|Extension|Comment))?$|^(?:set|drop|alter|change)(?:Column)?Default$/;

/** The same for a call with a result that the code uses. */
const SCHEMA_VALUE =
  /^(?:create|drop|add|alter|rename|change|set|has|get|build|make|remove|enable|disable|escape|quote|parse|load|format)|^(?:column|schema|table|index|tableName|columnName|indexName|logger|escape|prefix)/i;

/** Parts of a chain such as `schemaBuilder.createTable('a').withColumns(…)`. */
const SCHEMA_CHAIN =
  /\b(?:schema\w*|(?:create|drop|add|alter|rename)(?:Table|Columns?|Index|ForeignKey|NotNull|Enum\w*)|columns?|escape|logger)\b/i;

const DATA_NAME =
  /rows?|record|data|seed|backfill|populate|insert|update|delete|upsert|save|copy|migrate|move|purge|truncate|batch|entit/i;

/** A wrapper around TypeORM gives the migration its own functions. Only their names say what they do. */
export function effectOnContext(callee: UnknownCallee, call: Call): StopReason | undefined {
  const { name } = callee;
  if (QUERY_NAME.test(name)) return knownText(call.args[0]) === undefined ? 'sql' : undefined;
  return DATA_NAME.test(name) || !isSchemaWork(callee, call) ? 'helper' : undefined;
}

function isSchemaWork({ name, expression }: UnknownCallee, { machine, site }: Call): boolean {
  if (SCHEMA_CHANGE.test(name)) return true;
  if (isCompoundName(name)) return false;
  return SCHEMA_CHAIN.test(expression) || (SCHEMA_VALUE.test(name) && !machine.acting.has(site.node));
}
