//! `/api/v1/connect`: how senders are pointed at this server, by the address under which the client found it.

use axum::extract::State;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::connect::{self, Address, Connection, DEFAULT_SERVICE, Recipe};
use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::openapi::answers::Invalid;
use crate::openapi::tag;
use crate::state::App;

/// What can be asked.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The sender's name [default: [`DEFAULT_SERVICE`]].
    service: Option<String>,
}

/// Recipes, and for whom they are.
#[derive(Serialize, ToSchema)]
pub(crate) struct Recipes {
    /// Where senders reach this server.
    address: String,
    /// The sender's name in the recipes.
    service: String,
    /// One for each kind of sender.
    recipes: Vec<Recipe>,
}

/// Every recipe, with this server's address in its lines.
///
/// # Errors
/// 400 for a name of a service that a shell would not take as it is.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listRecipes",
    tag = tag::OPERATION,
    params(Asked),
    responses((status = 200, description = "The recipes", body = Recipes), Invalid),
)]
pub async fn connect(
    State(app): State<App>,
    Params(asked): Params<Asked>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let address = address(&uri, &headers);
    // A host that no recipe can carry is none that senders could use.
    let own = Address::of_url(&format!("http://{}", app.config.listen));
    let address = match address {
        Some(address) => address,
        None => own.map_err(|error| Problem::bad_request(error.to_string()))?,
    };
    let service = asked.service.as_deref().unwrap_or(DEFAULT_SERVICE);
    let connection = Connection::new(address, service)
        .map_err(|error| Problem::bad_field("service", service, error.to_string()))?;
    json_answer(&Recipes {
        address: connection.address().to_string(),
        service: connection.service().to_owned(),
        recipes: connect::recipes(&connection),
    })
}

/// HTTP/2 names the host in the URI, HTTP/1.1 in a header.
fn address(uri: &Uri, headers: &HeaderMap) -> Option<Address> {
    let tls = uri.scheme_str() == Some("https");
    let host = || Authority::try_from(headers.get(header::HOST)?.as_bytes()).ok();
    Address::of_authority(&uri.authority().cloned().or_else(host)?, tls)
}
