import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { DeclaredCheck, ThrottleCheck } from './throttle-check.js';
import { ThrottleMetadata } from './throttle-metadata.accessor.js';
import { RequestScopedThrottleError, ThrottleDeclarationError } from './throttle.error.js';

type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Finds the throttle checks among the application's providers. */
@Injectable()
export class ThrottleExplorer {
  readonly #discovery: DiscoveryService;

  constructor(discovery: DiscoveryService) {
    this.#discovery = discovery;
  }

  /**
   * @param backfills names of the declared backfills
   * @throws RequestScopedThrottleError, ThrottleDeclarationError
   */
  checks(backfills: readonly string[]): readonly DeclaredCheck[] {
    const found = new Map<string, DeclaredCheck>();
    for (const wrapper of this.#discovery.getProviders()) {
      const declared = this.#declaredCheck(wrapper, backfills);
      if (!declared) continue;
      if (found.has(declared.name)) {
        throw new ThrottleDeclarationError(
          classNameOf(wrapper),
          `another throttle is named "${declared.name}" too`,
          'Give each throttle its own name, and provide each class in one module only.',
        );
      }
      found.set(declared.name, declared);
    }
    return [...found.values()];
  }

  #declaredCheck(wrapper: InstanceWrapper, backfills: readonly string[]): DeclaredCheck | undefined {
    if (wrapper.isAlias) return undefined;
    const options = this.#discovery.getMetadataByDecorator(ThrottleMetadata, wrapper);
    if (options === undefined) return undefined;
    const className = classNameOf(wrapper);
    if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient)
      throw new RequestScopedThrottleError(className);
    const declared = { ...options, instance: wrapper.instance as ThrottleCheck };
    assertValid(className, declared, backfills);
    return declared;
  }
}

function classNameOf({ metatype, name }: InstanceWrapper): string {
  return typeof metatype === 'function' ? metatype.name : String(name);
}

function assertValid(
  className: string,
  { name, backfills, instance }: DeclaredCheck,
  declaredBackfills: readonly string[],
): void {
  if (typeof name !== 'string' || name.trim() === '') {
    throw new ThrottleDeclarationError(
      className,
      'it has no name',
      `Write @BackfillThrottle({ name: 'mail queue' }).`,
    );
  }
  if (typeof (instance as Partial<ThrottleCheck> | null)?.check !== 'function') {
    throw new ThrottleDeclarationError(
      className,
      'it has no method check()',
      'Implement ThrottleCheck: `async check() { return reason || null; }`.',
    );
  }
  const unknown = backfills?.find((backfill) => !declaredBackfills.includes(backfill));
  if (unknown !== undefined) {
    throw new ThrottleDeclarationError(
      className,
      `it names the backfill "${unknown}", which is not declared`,
      `Declared backfills: ${declaredBackfills.join(', ') || 'none'}.`,
    );
  }
}
