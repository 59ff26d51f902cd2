// `testDatabase()` of the library then uses the server of the test run.
process.env['TEST_DATABASE_URL'] ??= process.env['TEST_SERVER_URL'] ?? '';
