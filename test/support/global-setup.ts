import { startTestServer, type TestServer } from './server.ts';

declare global {
  var testServer: TestServer | undefined;
}

/** One server a test run; each test file takes a database of its own on it (see `database.ts`). */
export default async function globalSetup(): Promise<void> {
  globalThis.testServer = await startTestServer();
  process.env['TEST_SERVER_URL'] = globalThis.testServer.url;
}
