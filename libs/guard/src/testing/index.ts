export { DataInMigrationsError } from './data-in-migrations.error.js';
export { expectSchemaOnly, type SchemaOnlyOptions } from './expect-schema-only.js';
