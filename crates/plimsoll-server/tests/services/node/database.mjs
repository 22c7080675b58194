// The shop's database: PostgreSQL as it is compiled for Node, in memory, for the clients of any PostgreSQL. Prints its port.
// It needs no account and no root, as the one of a distribution does.
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

const db = await PGlite.create();
await db.exec("CREATE TABLE orders (id SERIAL PRIMARY KEY, item TEXT); INSERT INTO orders (item) VALUES ('anchor')");
const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0 });
server.addEventListener("listening", (event) => console.log(event.detail.port));
await server.start();
