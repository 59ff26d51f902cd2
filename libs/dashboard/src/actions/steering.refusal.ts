/** Why an action was not carried out, and the HTTP status. The message is for the person. */
export class SteeringRefusal extends Error {
  readonly status: number;
  /** Seconds after which it may be tried again; null: does not apply. */
  readonly retryAfter: number | null;

  constructor(status: number, message: string, retryAfter: number | null = null) {
    super(message);
    this.name = 'SteeringRefusal';
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
