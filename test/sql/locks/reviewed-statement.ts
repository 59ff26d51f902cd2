/** A statement that a person has judged, with the reason. */
export type Reviewed = readonly [why: string, sql: string, where?: ReviewedWhere];

/** Where the statement can run; everywhere, and in a transaction, if nothing is given. */
export interface ReviewedWhere {
  /** It runs without a transaction: PostgreSQL refuses it in one, or the judgement depends on it. */
  readonly alone?: true;
  /** Nothing fails for years, so that a migration runs with a warning. */
  readonly onlyWarns?: true;
  /** Only the database shows that it does nothing, so that the check reports it. */
  readonly needsCatalog?: true;
  /** The first major version of PostgreSQL that knows the statement. */
  readonly since?: number;
}

/** For the title of a test. */
export function asCase(reviewed: Reviewed): {
  readonly why: string;
  readonly sql: string;
  readonly reviewed: Reviewed;
} {
  const [why, sql] = reviewed;
  return { why, sql, reviewed };
}
