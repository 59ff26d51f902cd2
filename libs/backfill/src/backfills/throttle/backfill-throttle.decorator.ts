import { applyDecorators, Injectable } from '@nestjs/common';
import type { BackfillThrottleOptions } from './throttle-check.js';
import { ThrottleMetadata } from './throttle-metadata.accessor.js';

/**
 * Declares a provider as a throttle check of the application; see `ThrottleCheck`.
 *
 * @publicApi
 * @example
 * ‍@BackfillThrottle({ name: 'mail queue' })
 * export class MailQueueThrottle implements ThrottleCheck {
 *   constructor(private readonly mails: MailQueue) {}
 *
 *   async check() {
 *     const queued = await this.mails.length();
 *     return queued > 10_000 ? `${queued} mails are queued` : null;
 *   }
 * }
 */
export function BackfillThrottle(options: BackfillThrottleOptions): ClassDecorator {
  return applyDecorators(Injectable(), ThrottleMetadata(options));
}
