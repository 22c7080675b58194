//! `/api/stream`: server-sent events.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, Version, header};
use axum::response::{IntoResponse, Response};
use http_body_util::StreamBody;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::doors::Who;
use crate::doors::pass::Pass;
use crate::http::connection::Connection;
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem};
use crate::openapi::answers::{Busy, Invalid};
use crate::openapi::tag;
use crate::state::App;
use crate::stream::{Client, Kind, Refused, StreamData, Wish};

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Of one service only, and what concerns all.
    #[param(example = "shop")]
    service: Option<String>,
    /// Kinds of events by commas: `window`, `event`, `change`; without it all.
    #[param(
        example = "window,change",
        pattern = "^(window|event|change)(,(window|event|change))*$"
    )]
    types: Option<String>,
}

/// What changes, while it does, as server-sent events.
///
/// `window`: requests of a service in a window of 10 s, whole, again whenever more of its rows came. `event`: something
/// happened. `change`: a service appeared or fell silent, a health check has another state. `reset`: what happened since
/// `Last-Event-ID` is not kept any more, read everything anew. A comment every 15 s keeps the connection; a client that reads
/// nothing while 32 updates wait is dropped.
///
/// # Errors
/// 400 for a bad parameter, 503 for too many clients.
#[utoipa::path(
    get,
    path = "",
    operation_id = "stream",
    tag = tag::STREAM,
    params(
        Asked,
        ("Last-Event-ID" = Option<String>, Header, description = "Id of the last event that was read: go on from there"),
    ),
    responses(
        (status = 200, description = "Events without end; their `data` has the shape", body = StreamData,
            content_type = "text/event-stream"),
        Invalid,
        Busy,
    ),
)]
pub async fn stream(
    State(app): State<App>,
    Params(asked): Params<Asked>,
    Extension(who): Extension<Who>,
    connection: Option<Extension<Connection>>,
    version: Version,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let wish = asked.wish()?;
    let after = headers
        .get("last-event-id")
        .map(|id| id.to_str().ok().and_then(|id| id.trim().parse().ok()));
    // HTTP/2 carries other requests beside the stream.
    let alone = version <= Version::HTTP_11;
    let connection = connection
        .map(|Extension(connection)| connection)
        .filter(|_| alone);
    let client =
        app.stream
            .enter(wish, after, connection.clone())
            .map_err(|refused| match refused {
                Refused::Stopping => Problem::stopping(),
                Refused::Full => {
                    let detail = "too many streams at once (`server.streams_max`)";
                    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(30)
                }
            })?;
    if let Some(pass) = Pass::of(who, &uri, &headers) {
        client.ends_with(pass);
    }
    if let Some(connection) = connection {
        connection.leave_place();
    }
    Ok(answer(client, alone))
}

fn answer(client: Client, alone: bool) -> Response {
    let frames = futures_util::stream::unfold(client, |mut client| async {
        let bytes = client.next().await?;
        Some((
            Ok::<_, std::convert::Infallible>(http_body::Frame::data(bytes)),
            client,
        ))
    });
    let mut response = Body::new(StreamBody::new(frames)).into_response();
    let mut headers = vec![
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Proxies that gather answers would hold events back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    if alone {
        headers.push((header::CONNECTION, "close"));
    }
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Asked {
    fn wish(self) -> Answer<Wish> {
        let kinds = self.types.map(|types| {
            let kinds = types.split(',').map(|name| {
                let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
                kind.ok_or_else(|| {
                    let detail = "types must be window, event and change, by commas";
                    Problem::bad_field("types", types.as_str(), detail)
                })
            });
            kinds.collect::<Answer<Vec<_>>>()
        });
        Ok(Wish {
            service: self.service,
            kinds: kinds.transpose()?,
        })
    }
}
