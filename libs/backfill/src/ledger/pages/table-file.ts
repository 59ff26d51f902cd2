/** The file of a table or partition. Page numbers are valid only as long as the table keeps this file. */
export interface TableFile {
  /** Quoted and qualified. */
  readonly table: string;
  /** OID of the table, as text. */
  readonly tableId: string;
  /** `pg_class.relfilenode`, as text. VACUUM FULL, CLUSTER, TRUNCATE and a rewrite give the table another one. */
  readonly fileNode: string;
}
