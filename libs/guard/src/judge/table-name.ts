/** `schema.name`, or the name alone if no schema was written. */
export function fullName({ schema, name }: { readonly schema?: string; readonly name: string }): string {
  return schema === undefined ? name : `${schema}.${name}`;
}
