"""The demo's second service: a warehouse in FastAPI and SQLAlchemy over SQLite, in the file that WAREHOUSE_DB names.

Nothing of Plimsoll is in it: OpenTelemetry's stock instrumentation measures it from outside.
"""

import os
import random

from fastapi import FastAPI, HTTPException
from sqlalchemy import create_engine, text

ITEMS = 5_000
SHELVES = 40

engine = create_engine("sqlite:///" + os.environ["WAREHOUSE_DB"])
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, shelf INTEGER, pieces INTEGER)"))
    rows = [{"name": f"rope of {n} m", "shelf": n % SHELVES, "pieces": n % 17} for n in range(1, ITEMS + 1)]
    connection.execute(text("INSERT INTO items (name, shelf, pieces) VALUES (:name, :shelf, :pieces)"), rows)

app = FastAPI()


@app.get("/stock/{item}")
def stock(item: int):
    with engine.connect() as connection:
        found = connection.execute(text("SELECT name, pieces FROM items WHERE id = :id"), {"id": item}).first()
    if found is None:
        raise HTTPException(404)
    return {"name": found.name, "pieces": found.pieces}


@app.get("/search")
def search(words: str):
    # No index helps here: every item is looked at.
    with engine.connect() as connection:
        found = connection.execute(text("SELECT id, name FROM items WHERE name LIKE :like"), {"like": f"%{words}%"})
        return [{"id": row.id, "name": row.name} for row in found.fetchmany(20)]


@app.get("/inventory")
def inventory():
    # One question for each shelf, where one would do for all: what the table of queries is for.
    count = text("SELECT sum(pieces) FROM items WHERE shelf = :shelf")
    with engine.connect() as connection:
        return [connection.execute(count, {"shelf": shelf}).scalar() for shelf in range(SHELVES)]


@app.post("/deliveries", status_code=201)
def deliver():
    item = random.randint(1, ITEMS)
    with engine.begin() as connection:
        connection.execute(text("UPDATE items SET pieces = pieces + 10 WHERE id = :id"), {"id": item})
    return {"item": item}


@app.post("/labels/{item}")
def print_label(item: int):
    if item % 20 == 0:
        raise RuntimeError("the printer is out of paper")
    return {"label": f"W-{item:05}"}
