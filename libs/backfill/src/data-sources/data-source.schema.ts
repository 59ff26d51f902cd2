import type { DataSource } from 'typeorm';

/** The option `schema` of a data source; undefined where the `search_path` decides. */
export function schemaOption({ options }: Pick<DataSource, 'options'>): string | undefined {
  return (options as { readonly schema?: string }).schema;
}
