/** Whether the statements of a migration are in a transaction, and in which nesting. */
export class TransactionState {
  #isOpen: boolean;
  /** Savepoints that TypeORM's query runner has set: its nested transactions. */
  #savepoints = 0;

  /** @param start whether the runner of the migrations has begun one */
  constructor(start: 'open' | 'none') {
    this.#isOpen = start === 'open';
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @returns whether the statement has ended the transaction */
  followSql(change: string | undefined): boolean {
    if (change === 'begin') this.#isOpen = true;
    if (change !== 'commit' && change !== 'rollback') return false;
    return this.#end();
  }

  /** `startTransaction()` and the like. @returns whether the call has ended the transaction */
  followCall(method: string): boolean {
    if (method === 'startTransaction') {
      if (this.#isOpen) this.#savepoints++;
      this.#isOpen = true;
      return false;
    }
    if (method !== 'commitTransaction' && method !== 'rollbackTransaction') return false;
    if (this.#savepoints === 0) return this.#end();
    this.#savepoints--;
    return false;
  }

  #end(): boolean {
    this.#isOpen = false;
    this.#savepoints = 0;
    return true;
  }
}
