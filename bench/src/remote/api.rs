//! The operations, by AWS's JSON protocol 1.1.
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html>

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{State, lock};

/// How many secrets a batch may name.
const MOST: usize = 20;

/// An error: its code and its message.
type Refusal = (&'static str, String);

/// Answers one request, in its time.
pub(super) async fn answer(Extract(state): Extract<Arc<State>>, headers: HeaderMap, body: Bytes) -> Response {
    state.calls.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(state.latency).await;
    let (status, said) = match operate(&state, &headers, &body) {
        Ok(answer) => (StatusCode::OK, answer),
        Err((code, message)) => (StatusCode::BAD_REQUEST, json!({ "__type": code, "message": message })),
    };
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.1")], said.to_string()).into_response()
}

fn operate(state: &State, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !header("authorization").starts_with("AWS4-HMAC-SHA256 ") {
        return Err(("MissingAuthenticationTokenException", "Missing Authentication Token".to_owned()));
    }
    if !state.admits() {
        state.throttled.fetch_add(1, Ordering::SeqCst);
        return Err(("ThrottlingException", "Rate exceeded".to_owned()));
    }
    let asked: Value = serde_json::from_slice(body)
        .map_err(|_| ("SerializationException", "the body is no JSON".to_owned()))?;
    match header("x-amz-target").strip_prefix("secretsmanager.") {
        Some("GetSecretValue") => {
            let id = asked["SecretId"].as_str().unwrap_or_default();
            state.reads.fetch_add(1, Ordering::SeqCst);
            secret(state, id).ok_or_else(not_found)
        }
        Some("BatchGetSecretValue") => batch(state, &asked),
        _ => Err(("UnknownOperationException", "there is no such operation".to_owned())),
    }
}

fn batch(state: &State, asked: &Value) -> Result<Value, Refusal> {
    let ids: Vec<&str> =
        asked["SecretIdList"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if ids.is_empty() || ids.len() > MOST {
        let why = "Member must have length less than or equal to 20, and greater than or equal to 1";
        return Err(("ValidationException", format!("1 validation error detected at 'secretIdList': {why}")));
    }
    state.reads.fetch_add(ids.len(), Ordering::SeqCst);
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        match secret(state, id) {
            Some(value) => values.push(value),
            None => {
                let (code, message) = not_found();
                errors.push(json!({ "SecretId": id, "ErrorCode": code, "Message": message }));
            }
        }
    }
    Ok(json!({ "SecretValues": values, "Errors": errors }))
}

fn secret(state: &State, name: &str) -> Option<Value> {
    let value = lock(&state.secrets).get(name).cloned()?;
    Some(json!({
        "ARN": format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-AbCdEf"),
        "Name": name, "VersionId": "5e1a3a3e-7f2d-4f6b-9b39-1c2d3e4f5a6b", "SecretString": &*value,
        "VersionStages": ["AWSCURRENT"], "CreatedDate": 1_790_000_000.0,
    }))
}

fn not_found() -> Refusal {
    ("ResourceNotFoundException", "Secrets Manager can't find the specified secret.".to_owned())
}
