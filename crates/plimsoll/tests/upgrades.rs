//! Connections that outlive their request.

use axum::Router;
use axum::extract::WebSocketUpgrade;
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use crate::server::{Server, monitor};

#[tokio::test]
async fn a_websocket_counts_its_handshake_its_life_and_its_messages() {
    let monitor = monitor();
    let sessions = monitor.clone();
    let chat = move |upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(|mut socket| async move {
            let session = sessions.session("/chat");
            while let Some(Ok(message)) = socket.recv().await {
                session.event();
                if socket.send(message).await.is_err() {
                    break;
                }
            }
        })
    };
    let server = Server::start(
        &monitor,
        Router::new()
            .route("/chat", get(chat))
            .layer(monitor.layer()),
    )
    .await;

    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{}/chat", server.address))
        .await
        .unwrap();
    for number in 0..3 {
        socket
            .send(Message::text(number.to_string()))
            .await
            .unwrap();
        assert_eq!(
            socket.next().await.unwrap().unwrap(),
            Message::text(number.to_string())
        );
    }
    let living = monitor.cumulative();
    let (key, series) = living.requests.first_key_value().unwrap();
    assert_eq!(
        (
            key.status,
            key.route.as_ref(),
            series.duration.count,
            series.ended
        ),
        (101, "/chat", 1, 0)
    );
    assert_eq!(living.server.active_requests.last, 0.0);
    assert_eq!(
        (
            living.server.connections_active.last,
            living.server.events_per_minute.last
        ),
        (1.0, 3.0)
    );

    socket.close(None).await.unwrap();
    let (_, series) = server.only_series(1).await;
    assert_eq!((series.ended, series.body_duration.count), (1, 1));
    assert!(series.body_duration.max > series.duration.max);
}
