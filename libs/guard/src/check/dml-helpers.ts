/**
 * Names of helper functions that change data. `CheckOptions.dmlHelpers` adds more.
 *
 * @publicApi
 */
export const DML_HELPERS = ['execDml', 'execDML', 'executeDml', 'executeDML', 'runDml', 'runDML'] as const;
