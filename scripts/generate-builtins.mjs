// Prints the list for libs/sql/src/classification/builtin-functions.ts: the functions of the newest
// PostgreSQL version among the installed npm packages.
import pg from 'pg';
import { EmbeddedServer } from './lib/embedded-server.mjs';

const WRITES_LARGE_OBJECTS = /^(lo_(creat|create|from_bytea|import|put|truncate|truncate64|unlink)|lowrite)$/;

const server = await EmbeddedServer.start({});
const client = new pg.Client({ connectionString: server.url() });
await client.connect();
const { rows } = await client.query(
  `SELECT DISTINCT proname FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND prorettype <> 'trigger'::regtype
    ORDER BY proname`,
);
await client.end();
await server.stop();
const MAX_LINE_LENGTH = 167;
let line = '';
for (const { proname } of rows.filter((row) => !WRITES_LARGE_OBJECTS.test(row.proname))) {
  if (line.length + proname.length > MAX_LINE_LENGTH) {
    console.log(line);
    line = '';
  }
  line += line ? ` ${proname}` : proname;
}
console.log(line);
