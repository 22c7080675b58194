// A service in Express as there are many: it knows nothing of Plimsoll or of OpenTelemetry.
const express = require("express");

const app = express();
app.get("/orders/:number", (request, response) => response.send(`order ${request.params.number}\n`));
app.get("/broken", (request, response) => response.status(500).send("broken\n"));
app.listen(Number(process.env.PORT), "127.0.0.1");
