// A shop under stock instrumentation: express and pg, on the port that PORT names, over the database that PG* name.
const express = require("express");
const { Pool } = require("pg");

// The test's database serves one connection at a time.
const pool = new Pool({ max: 1 });

const app = express();
app.get("/orders/:number", async (request, response) => {
  const found = await pool.query("SELECT item FROM orders WHERE id = $1", [request.params.number % 2]);
  if (found.rows.length === 0) return response.sendStatus(404);
  response.json({ item: found.rows[0].item });
});
app.post("/orders", async (_request, response) => {
  // A literal on purpose: it must not be kept.
  await pool.query("INSERT INTO orders (item) VALUES ('secret rope')");
  response.status(201).json({});
});
app.get("/broken", () => {
  throw new Error("the rudder is gone");
});
app.get("/health", (_request, response) => response.json({}));
// What express writes of an error belongs to no test's output.
app.use((_error, _request, response, _next) => response.sendStatus(500));

const server = app.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => pool.end()));
