//! `POST /api/v1/backup`.

use std::path::PathBuf;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::extract::Params;
use crate::http::problem::{Answer, Problem, json_answer};
use crate::openapi::answers::{Busy, DiskFull, Invalid};
use crate::openapi::tag;
use crate::state::App;
use crate::store::backup::BackupError;
use crate::tick;

/// Where to.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BackupParams {
    /// Full path of a folder that does not exist yet or is empty.
    #[param(value_type = String, example = "/var/backups/plimsoll/2026-11-20")]
    folder: PathBuf,
}

/// What was copied.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackupDone {
    /// Files of days.
    files: usize,
    /// Bytes of them.
    bytes: u64,
}

/// Copies all data to a new folder of the server's machine, while it goes on.
///
/// # Errors
/// 400 for a folder that cannot be made, 507 and 500 for a disk that refuses.
#[utoipa::path(
    post,
    path = "",
    operation_id = "createBackup",
    tag = tag::OPERATION,
    params(BackupParams),
    responses(
        (status = 200, description = "The folder holds a whole copy", body = BackupDone),
        Invalid,
        Busy,
        DiskFull,
    ),
)]
pub async fn backup(State(app): State<App>, Params(params): Params<BackupParams>) -> Answer {
    let folder = params.folder;
    let shown = folder.display().to_string();
    if !folder.is_absolute() {
        return Err(Problem::bad_field(
            "folder",
            shown,
            "folder must be a full path",
        ));
    }
    let copying = app.clone();
    let copied = app.backups.run_to_end(move || {
        copying
            .store
            .backup(&folder, tick::now())
            .map_err(|error| match &error {
                BackupError::NotEmpty(_) | BackupError::Inside { .. } => {
                    Problem::bad_field("folder", shown, error.to_string())
                }
                BackupError::Io { source, .. }
                    if source.kind() == std::io::ErrorKind::StorageFull =>
                {
                    let detail = "there is no room for the backup";
                    Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", detail)
                        .because(&error)
                }
                BackupError::Io { .. } => {
                    let why = anyhow::Error::new(error);
                    Problem::bad_field("folder", shown, format!("{why:#}"))
                }
                _ => Problem::internal("the backup failed").because(&error),
            })
    });
    let copied = copied.await?;
    json_answer(&BackupDone {
        files: copied.files,
        bytes: copied.bytes,
    })
}
