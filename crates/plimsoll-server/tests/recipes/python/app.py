"""A service in Flask as there are many: it knows nothing of Plimsoll or of OpenTelemetry."""

import os

from flask import Flask

app = Flask(__name__)


@app.get("/orders/<int:number>")
def order(number):
    return f"order {number}\n"


@app.get("/broken")
def broken():
    return "broken\n", 500


app.run(host="127.0.0.1", port=int(os.environ["PORT"]))
