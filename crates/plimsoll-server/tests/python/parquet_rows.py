"""Prints the columns, their types and the rows of a Parquet file as DuckDB reads them, as JSON.

Usage: parquet_rows.py FILE
"""

import json
import sys

import duckdb

found = duckdb.sql("SELECT epoch_ns(time) AS time, * EXCLUDE time FROM read_parquet(?) ORDER BY time, host", params=[sys.argv[1]])
types = dict(zip(found.columns, map(str, found.types)))
print(json.dumps({"types": types, "rows": [dict(zip(found.columns, row)) for row in found.fetchall()]}))
