import { fractions } from '../studies/migrations.mjs';
import { count, milliseconds, seconds } from '../report/numbers.mjs';
import { reading } from './measurement.mjs';

/** What the guard of migrations costs, at run time and as a static check. */
export const guardMeasurements = () => [
  reading({
    what: 'a migration of 200 statements, guarded against unguarded, time',
    unit: '×',
    bound: 'most',
    target: 1.2,
    study: 'guard',
    read: ({ ratio, guardedMs, unguardedMs }) => ({
      value: ratio,
      detail: `${milliseconds(guardedMs)} against ${milliseconds(unguardedMs)}`,
    }),
  }),
  reading({
    what: 'a migration of five ALTERs on a table, guarded against unguarded, time',
    unit: '×',
    bound: 'most',
    target: 1.15,
    study: 'fewStatements',
    read: ({ ratio, guardedMs, unguardedMs }) => ({
      value: ratio,
      detail: `${milliseconds(guardedMs)} against ${milliseconds(unguardedMs)}`,
    }),
  }),
  reading({
    what: 'cost of the guard per statement, median',
    unit: 'ms',
    bound: 'under',
    target: 1,
    study: 'guard',
    read: ({ perStatementMs }) => ({ value: perStatementMs, detail: 'with the parser loaded' }),
  }),
  reading({
    what: 'the first migration loads the parser, nothing earlier (1 is yes)',
    unit: '',
    bound: 'least',
    target: 1,
    study: 'guard',
    read: ({ parserIsLazy }) => ({ value: parserIsLazy ? 1 : 0, detail: parserIsLazy ? 'yes' : 'no' }),
  }),
  reading({
    what: 'the static guard over 1,000 migration files, processor time',
    unit: 's',
    bound: 'under',
    target: 5,
    study: 'staticGuard',
    read: ({ files, cpuSeconds, wallSeconds, timing }) => ({
      value: (1_000 * cpuSeconds) / files,
      detail: `${count(files)} files, ${seconds(wallSeconds)} on the clock: ${fractions(timing)}`,
    }),
  }),
  reading({
    what: 'the static guard over 1,000 migration files, peak of its memory',
    unit: 'MiB',
    bound: 'under',
    target: 500,
    study: 'staticGuard',
    read: ({ files, memoryMb }) => ({ value: memoryMb, detail: `${count(files)} files` }),
  }),
];
