//! What the shop answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use plimsoll::layer::ErrorType;
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use tracing::error;

use crate::breaks::Breaks;
use crate::database::PRODUCTS;
use crate::payment::{Payment, Provider};

#[derive(Clone)]
struct Shop {
    pool: SqlitePool,
    provider: Arc<Provider>,
    breaks: Arc<Breaks>,
    recommendations_asked: Arc<AtomicU64>,
}

/// All routes of the shop.
pub(crate) fn shop(pool: SqlitePool, breaks: Arc<Breaks>) -> Router {
    let shop = Shop {
        pool,
        provider: Arc::new(Provider::new(1876, breaks.clone())),
        breaks,
        recommendations_asked: Arc::default(),
    };
    Router::new()
        .route("/products/{id}", get(product))
        .route("/search", get(search))
        .route("/orders", get(orders))
        .route("/checkout", post(checkout))
        .route("/recommendations", get(recommendations))
        .route("/export/products.csv", get(export))
        .with_state(shop)
}

#[derive(Serialize, sqlx::FromRow)]
struct Product {
    id: i64,
    name: String,
    description: String,
    price_cents: i64,
}

/// Fast: one row by its key.
async fn product(State(shop): State<Shop>, Path(id): Path<i64>) -> Result<Json<Product>, Failure> {
    if shop.breaks.fails() && id % 2 == 0 {
        return Err(Failure::OutOfStock);
    }
    sqlx::query_as("SELECT id, name, description, price_cents FROM products WHERE id = ?")
        .bind(id)
        .fetch_optional(&shop.pool)
        .await?
        .map(Json)
        .ok_or(Failure::Missing)
}

#[derive(Deserialize)]
struct Search {
    q: String,
}

/// Slow: reads every product, because no index can help with a text in the middle, and sorts what it found.
async fn search(
    State(shop): State<Shop>,
    Query(search): Query<Search>,
) -> Result<Json<Vec<Product>>, Failure> {
    let found = sqlx::query_as(
        "SELECT id, name, description, price_cents FROM products
         WHERE lower(description) LIKE '%' || lower(?) || '%' ORDER BY length(description), price_cents LIMIT 20",
    )
    .bind(search.q)
    .fetch_all(&shop.pool)
    .await?;
    Ok(Json(found))
}

#[derive(Serialize)]
struct Order {
    id: i64,
    customer: String,
    items: Vec<Item>,
}

#[derive(Serialize, sqlx::FromRow)]
struct Item {
    name: String,
    quantity: i64,
}

/// N+1: one query for the list, and one more for each order of it.
async fn orders(State(shop): State<Shop>) -> Result<Json<Vec<Order>>, Failure> {
    let latest: Vec<(i64, String)> =
        sqlx::query_as("SELECT id, customer FROM orders ORDER BY id DESC LIMIT 25")
            .fetch_all(&shop.pool)
            .await?;
    let mut orders = Vec::with_capacity(latest.len());
    for (id, customer) in latest {
        let items = sqlx::query_as(
            "SELECT name, quantity FROM items JOIN products ON products.id = product_id WHERE order_id = ?",
        )
        .bind(id)
        .fetch_all(&shop.pool)
        .await?;
        orders.push(Order {
            id,
            customer,
            items,
        });
    }
    Ok(Json(orders))
}

#[derive(Deserialize)]
struct Basket {
    customer: String,
    product: u32,
    quantity: u32,
}

#[derive(Serialize)]
struct Receipt {
    order: i64,
}

/// Waits for somebody else: the payment provider.
async fn checkout(
    State(shop): State<Shop>,
    Json(basket): Json<Basket>,
) -> Result<(StatusCode, Json<Receipt>), Failure> {
    if basket.quantity == 0 || !(1..=PRODUCTS).contains(&basket.product) {
        return Err(Failure::Unfulfillable);
    }
    match shop.provider.charge().await {
        Payment::Accepted => {}
        Payment::Declined => return Err(Failure::Declined),
        Payment::Failed => return Err(Failure::Provider),
    }
    let mut transaction = shop.pool.begin().await?;
    let order = sqlx::query("INSERT INTO orders (customer) VALUES (?)")
        .bind(basket.customer)
        .execute(&mut *transaction)
        .await?
        .last_insert_rowid();
    sqlx::query("INSERT INTO items VALUES (?, ?, ?)")
        .bind(order)
        .bind(basket.product)
        .bind(basket.quantity)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok((StatusCode::CREATED, Json(Receipt { order })))
}

/// Fails every sixteenth time: the table it asks is created by a migration that nobody wrote.
async fn recommendations(State(shop): State<Shop>) -> Result<Json<Vec<Product>>, Failure> {
    let asked = shop.recommendations_asked.fetch_add(1, Ordering::Relaxed);
    let statement = if asked % 16 == 15 {
        "SELECT id, name, description, price_cents FROM recommended JOIN products USING (id) LIMIT 3"
    } else {
        "SELECT id, name, description, price_cents FROM products ORDER BY id LIMIT 3"
    };
    Ok(Json(sqlx::query_as(statement).fetch_all(&shop.pool).await?))
}

/// Streams: 50 pages of the price list, each read when the one before it was taken.
async fn export(State(shop): State<Shop>) -> Response {
    const PAGE: u32 = PRODUCTS / 50;
    let pages = futures_util::stream::try_unfold(0, move |after| {
        let pool = shop.pool.clone();
        async move {
            let rows: Vec<(u32, String, i64)> = sqlx::query_as(
                "SELECT id, name, price_cents FROM products WHERE id > ? ORDER BY id LIMIT ?",
            )
            .bind(after)
            .bind(PAGE)
            .fetch_all(&pool)
            .await?;
            let Some(last) = rows.last().map(|row| row.0) else {
                return Ok(None);
            };
            let text: String = rows
                .into_iter()
                .map(|(id, name, price_cents)| format!("{id},{name},{price_cents}\n"))
                .collect();
            Ok::<_, sqlx::Error>(Some((Bytes::from(text), last)))
        }
    });
    (
        [(header::CONTENT_TYPE, "text/csv")],
        Body::from_stream(pages),
    )
        .into_response()
}

/// Why a request was not answered as asked.
enum Failure {
    Missing,
    Unfulfillable,
    Declined,
    Provider,
    OutOfStock,
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, error_type, said) = match self {
            Self::Missing => (StatusCode::NOT_FOUND, "Missing", "no such product"),
            Self::Unfulfillable => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "Unfulfillable",
                "no such basket",
            ),
            Self::Declined => (StatusCode::PAYMENT_REQUIRED, "Declined", "payment declined"),
            Self::Provider => (
                StatusCode::BAD_GATEWAY,
                "Provider",
                "payment provider failed",
            ),
            Self::OutOfStock => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "OutOfStock",
                "the warehouse does not answer",
            ),
            Self::Database(error) => {
                error!(%error, "cannot ask the database");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Database",
                    "the shop is out of order",
                )
            }
        };
        // Tells the monitor the kind of failure, which a status alone does not.
        (status, Extension(ErrorType::new(error_type)), said).into_response()
    }
}
