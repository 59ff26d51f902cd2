/** The statements that give roles the rights that the library uses, in one database. @publicApi */
export interface DatabaseGrants {
  readonly dataSource: string;
  readonly database: string;
  /** Lines of SQL for a superuser, or for the owner of the tables. A line that begins with `--` is a comment. */
  readonly sql: readonly string[];
}

/** The result of `--grants`. @publicApi */
export interface GrantsReport {
  readonly phase: 'backfill';
  /** The role that runs deployments: it owns the ledger and the tables. */
  readonly deployingRole: string;
  /** The role of the running application; null if it is the same. */
  readonly applicationRole: string | null;
  readonly grants: readonly DatabaseGrants[];
}
