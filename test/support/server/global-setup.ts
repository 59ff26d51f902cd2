import { startTestServer, type TestServer } from './server.ts';

declare global {
  var testServer: TestServer | undefined;
}

/** Starts one server per test run. Each test file creates its own database on it (see `database.ts`). */
export default async function globalSetup(): Promise<void> {
  globalThis.testServer = await startTestServer();
  process.env['TEST_SERVER_URL'] = globalThis.testServer.url;
}
