//! The shop's SQLite database: 50,000 products and 2,000 orders, made at the start.

use std::path::Path;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// Product numbers are `1..=PRODUCTS`.
pub(crate) const PRODUCTS: u32 = 50_000;
const ORDERS: u32 = 2_000;
/// Connections that there may be.
const CONNECTIONS: u32 = 8;
/// Connections in use that are as many as should be.
pub(crate) const CONNECTIONS_EXPECTED: f64 = 5.0;

/// Opens `path` with the shop's tables, filled; what was there before is gone.
pub(crate) async fn open(path: &Path) -> anyhow::Result<SqlitePool> {
    remove_old(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // Orders of an example may go with the power.
        .synchronous(SqliteSynchronous::Off);
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .connect_with(options)
        .await?;
    fill(&pool).await?;
    Ok(pool)
}

fn remove_old(path: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

async fn fill(pool: &SqlitePool) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    for statement in [
        "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, price_cents INTEGER NOT NULL)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, created TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)",
        "CREATE TABLE items (order_id INTEGER NOT NULL, product_id INTEGER NOT NULL, quantity INTEGER NOT NULL)",
        "CREATE INDEX items_of_order ON items (order_id)",
    ] {
        sqlx::query(statement).execute(&mut *transaction).await?;
    }
    sqlx::query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO products SELECT i, 'rope no ' || i,
            'A ' || (i * 7919 % 90 + 10) || ' mm rope of ' || (CASE i % 4 WHEN 0 THEN 'hemp' WHEN 1 THEN 'sisal' WHEN 2 THEN 'nylon' ELSE 'steel' END)
            || ', ' || (i * 104729 % 400 + 5) || ' m long, for ' || (CASE i % 3 WHEN 0 THEN 'mooring' WHEN 1 THEN 'towing' ELSE 'rigging' END),
            i * 31 % 20000 + 99
         FROM n",
    )
    .bind(PRODUCTS)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO orders (id, customer) SELECT i, 'customer ' || (i * 13 % 300) FROM n",
    )
    .bind(ORDERS)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "INSERT INTO items SELECT id, id * 37 % ?1 + 1, id % 5 + 1 FROM orders
         UNION ALL SELECT id, id * 101 % ?1 + 1, 1 FROM orders WHERE id % 2 = 0",
    )
    .bind(PRODUCTS)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}
