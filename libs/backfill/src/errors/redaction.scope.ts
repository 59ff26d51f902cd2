import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { startRedaction, type Redaction } from './redaction.js';

/** The injection token of the checked option `redact`. */
export const REDACTION = Symbol.for('nestjs-backfill:redaction');

/** Redacts the texts of errors from the start of an application to its end. */
@Injectable()
export class RedactionScope implements OnApplicationShutdown {
  readonly #end: () => void;

  constructor(@Inject(REDACTION) { redact }: { readonly redact: Redaction | undefined }) {
    this.#end = startRedaction(redact);
  }

  /** The last hook: runs that stop at the shutdown still report. */
  onApplicationShutdown(): void {
    this.#end();
  }
}
