import { Controller, type Type, VERSION_NEUTRAL } from '@nestjs/common';

/** Nest reads the path of a controller from its class, so each path gets a class of its own. */
export function controllerAt(path: string, base: Type<object>): Type<object> {
  const located = class extends base {};
  Object.defineProperty(located, 'name', { value: base.name });
  Controller({ path, version: VERSION_NEUTRAL })(located);
  return located;
}
