/** The server's major version, as `npm run test:majors` names it. */
const MAJOR = Number(process.env['TEST_POSTGRES_MAJOR'] ?? Infinity);

/** `it`, or `it.skip` on a server before this major version. */
export const itSince = (major: number): typeof it => (MAJOR >= major ? it : it.skip);

/** `describe`, or `describe.skip` on a server before this major version. */
export const describeSince = (major: number): typeof describe => (MAJOR >= major ? describe : describe.skip);
