// A shop under stock instrumentation: express, on the port that PORT names.
const express = require("express");

const app = express();
app.get("/orders/:number", (request, response) => {
  if (request.params.number % 2 === 0) return response.sendStatus(404);
  response.json({ item: "anchor" });
});
app.post("/orders", (_request, response) => response.status(201).json({}));
app.get("/broken", () => {
  throw new Error("the rudder is gone");
});
app.get("/health", (_request, response) => response.json({}));
// What express writes of an error belongs to no test's output.
app.use((_error, _request, response, _next) => response.sendStatus(500));

const server = app.listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => server.close());
