import type { BackfillModuleOptions } from 'nestjs-backfill';

/**
 * With BACKFILL_TEST_ORDER=key or page, every backfill of the tests that does not declare its order is swept in
 * that order. Otherwise the library decides.
 */
const ORDERS = ['page', 'key'] as const;

export function inTestedOrder(module: BackfillModuleOptions): BackfillModuleOptions {
  const order = ORDERS.find((each) => each === process.env['BACKFILL_TEST_ORDER']);
  return order === undefined ? module : { ...module, defaults: { order, ...module.defaults } };
}
