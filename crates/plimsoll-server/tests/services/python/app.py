"""A shop under stock instrumentation: FastAPI and SQLAlchemy over SQLite, in the file that SHOP_DB names."""

import os

from fastapi import FastAPI, HTTPException
from sqlalchemy import create_engine, text

engine = create_engine("sqlite:///" + os.environ["SHOP_DB"])
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, item TEXT)"))
    connection.execute(text("INSERT INTO orders (id, item) VALUES (1, 'anchor') ON CONFLICT DO NOTHING"))

app = FastAPI()


@app.get("/orders/{number}")
def show_order(number: int):
    with engine.connect() as connection:
        row = connection.execute(text("SELECT item FROM orders WHERE id = :id"), {"id": number % 2}).first()
    if row is None:
        raise HTTPException(404)
    return {"item": row.item}


@app.post("/orders", status_code=201)
def place_order():
    with engine.begin() as connection:
        # A literal on purpose: it must not be kept.
        connection.execute(text("INSERT INTO orders (item) VALUES ('secret rope')"))
    return {}


@app.get("/broken")
def broken():
    raise RuntimeError("the rudder is gone")


@app.get("/health")
def health():
    return {}
