/** `schema.name`, or only the name if no schema is written. */
export function fullName({ schema, name }: { readonly schema?: string; readonly name: string }): string {
  return schema === undefined ? name : `${schema}.${name}`;
}
