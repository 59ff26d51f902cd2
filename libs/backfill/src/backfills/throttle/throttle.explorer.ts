import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { DeclaredCheck, ThrottleCheck } from './throttle-check.js';
import { RequestScopedThrottleError, ThrottleDeclarationError } from './throttle.error.js';
import { ThrottleMetadata } from './throttle-metadata.accessor.js';

/** Finds the application's own throttles among its providers. */
@Injectable()
export class ThrottleExplorer {
  readonly #discovery: DiscoveryService;

  constructor(discovery: DiscoveryService) {
    this.#discovery = discovery;
  }

  /**
   * @param backfills the declared names
   * @throws RequestScopedThrottleError, ThrottleDeclarationError
   */
  checks(backfills: readonly string[]): readonly DeclaredCheck[] {
    const found = new Map<string, DeclaredCheck>();
    for (const wrapper of this.#discovery.getProviders()) {
      const options = wrapper.isAlias
        ? undefined
        : this.#discovery.getMetadataByDecorator(ThrottleMetadata, wrapper);
      if (options === undefined) continue;
      const className = typeof wrapper.metatype === 'function' ? wrapper.metatype.name : String(wrapper.name);
      if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient)
        throw new RequestScopedThrottleError(className);
      const declared = { ...options, check: wrapper.instance as ThrottleCheck };
      checkDeclaration(className, declared, backfills);
      if (found.has(declared.name)) {
        throw new ThrottleDeclarationError(
          className,
          `another throttle is named "${declared.name}" too`,
          'Give it a name of its own, and provide each class in one module alone.',
        );
      }
      found.set(declared.name, declared);
    }
    return [...found.values()];
  }
}

function checkDeclaration(
  className: string,
  { name, backfills, check }: DeclaredCheck,
  known: readonly string[],
): void {
  if (typeof name !== 'string' || name.trim() === '') {
    throw new ThrottleDeclarationError(
      className,
      'it has no name',
      `Write @BackfillThrottle({ name: 'mail queue' }).`,
    );
  }
  if (typeof (check as Partial<ThrottleCheck> | null)?.check !== 'function') {
    throw new ThrottleDeclarationError(
      className,
      'it has no method check()',
      'Implement ThrottleCheck: `async check() { return reason || null; }`.',
    );
  }
  const unknown = backfills?.find((backfill) => !known.includes(backfill));
  if (unknown !== undefined) {
    throw new ThrottleDeclarationError(
      className,
      `it holds the backfill "${unknown}", which is not declared`,
      `Declared are ${known.join(', ') || 'none'}.`,
    );
  }
}
