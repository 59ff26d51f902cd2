import { camelCase, kebabCase, plural } from '../names.js';
import { SchematicError } from '../schematic.error.js';
import type { EntityClass, EntityProperty } from './entity.types.js';

/** The entity that a name is about, and the property that the rest of the name says. */
export interface EntityChoice {
  readonly entity: EntityClass;
  /** The property that the rest of the name is about; undefined if there is none. */
  readonly property: EntityProperty | undefined;
}

/**
 * The entity of a name such as `leads-search-name`: the one whose table, class or plural begins the name.
 *
 * @param given the class that a person has named
 * @throws SchematicError if there is no such entity, or none that fits
 */
export function chooseEntity(
  entities: readonly EntityClass[],
  name: string,
  given: string | undefined,
): EntityChoice {
  const named = given === undefined ? undefined : entities.find((each) => each.name === given);
  if (given !== undefined && !named)
    throw new SchematicError(name, `there is no entity ${given}`, `The entities are: ${list(entities)}.`);
  const prefixed = entities
    .flatMap((entity) => prefixesOf(entity).map((prefix) => ({ entity, prefix })))
    .filter(({ prefix }) => `${name}-`.startsWith(`${prefix}-`))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  const [best] = named ? prefixed.filter(({ entity }) => entity === named) : prefixed;
  const entity = named ?? best?.entity ?? (entities.length === 1 ? entities[0] : undefined);
  if (entity === undefined) throw noEntityFits(entities, name);
  const rest = best?.entity === entity ? name.slice(best.prefix.length + 1) : name;
  return { entity, property: propertyOf(entity, rest) };
}

function noEntityFits(entities: readonly EntityClass[], name: string): SchematicError {
  const [first] = entities;
  return first
    ? new SchematicError(
        name,
        'no entity fits this name',
        `Begin the name with the table, e.g. ${kebabCase(first.table)}-${name}, or name the entity: npx nest g -c nestjs-backfill backfill ${name} ${first.name}. The entities are: ${list(entities)}.`,
      )
    : new SchematicError(name, 'the application has no class with @Entity', 'Declare the entity first.');
}

/** A property whose name the text contains, the longest one first. */
function propertyOf(entity: EntityClass, text: string): EntityProperty | undefined {
  const columns = entity.properties.filter(({ role }) => role === 'column' || role === 'deleted');
  const exact = columns.find((each) => each.name === camelCase(text));
  if (exact) return exact;
  return columns
    .filter((each) => `-${text}-`.includes(`-${kebabCase(each.name)}-`))
    .sort((a, b) => b.name.length - a.name.length)[0];
}

function prefixesOf({ name, table }: EntityClass): readonly string[] {
  const own = kebabCase(name.replace(/Entity$/, ''));
  return [...new Set([kebabCase(table), plural(own), own])];
}

function list(entities: readonly EntityClass[]): string {
  return entities.map(({ name }) => name).join(', ') || 'none';
}
