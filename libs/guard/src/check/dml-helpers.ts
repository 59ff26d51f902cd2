/**
 * Names of functions that count as helpers which change data, besides those of `CheckOptions.dmlHelpers`.
 *
 * @publicApi
 */
export const DML_HELPERS = ['execDml', 'execDML', 'executeDml', 'executeDML', 'runDml', 'runDML'] as const;
