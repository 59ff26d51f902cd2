import type { BackfillEvent, BackfillEventType } from './event.types.js';
import { writeHandlerMetadata } from './handler-metadata.accessor.js';

/** A method that receives events of a type. */
type Handler<Type extends BackfillEventType> = (event: BackfillEvent<Type>) => unknown;

/**
 * Calls the method of a provider for each event of a type, from the ledger: also for runs of other processes.
 *
 * Delivery is at least once. After a crash, or an error of the method, the event is delivered again with the same `id`.
 * One process at a time delivers to a method, one event after the other. A method never holds up a batch. The name of
 * the class and the method is the name of the subscriber: after a renaming it is a new one, which receives later events
 * only.
 *
 * @publicApi
 * @example
 * ‍@Injectable()
 * export class BackfillAlerts {
 *   ‍@OnBackfill('failed')
 *   async failed({ backfill, reason }: BackfillEvent<'failed'>) {
 *     await fetch(slackUrl, { method: 'POST', body: JSON.stringify({ text: `${backfill}: ${reason}` }) });
 *   }
 * }
 */
export function OnBackfill<Type extends BackfillEventType>(...types: readonly Type[]) {
  return <Method extends Handler<Type>>(
    _prototype: object,
    _name: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    if (descriptor.value) writeHandlerMetadata(descriptor.value, types);
  };
}
