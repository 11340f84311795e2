//! A double of Azure: who gives access tokens (Microsoft identity platform, "OAuth 2.0 client credentials flow"), the metadata of
//! its machines, and one registry (<https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md>).

use std::collections::BTreeMap;

use latchkey_provider::generate::Endpoints;
use serde_json::json;
use wiremock::{MockServer, Request};

use super::{Answer, form, header, need, serve};
use crate::accounts::is_subjects;

pub const TENANT: &str = "7f3e0f4e-0000-4000-8000-000000000001";
pub const CLIENT: &str = "7f3e0f4e-0000-4000-8000-000000000002";
pub const RESOURCE: &str =
    "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i";
pub const SECRET: &str = "secret-c4n4ry";
pub const REGISTRY: &str = "example.azurecr.io";

const ACCESS: &str = "aad-c4n4ry";
const MACHINE: &str = "machine-c4n4ry";
const MANAGEMENT: &str = "https://management.azure.com/";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

type Form = BTreeMap<String, String>;

/// All of it at one address.
pub async fn start() -> (MockServer, Endpoints) {
    let server = serve(answer).await;
    let uri = Some(server.uri());
    let endpoints = Endpoints {
        azure_authority: uri.clone(),
        azure_metadata: uri.clone(),
        azure_registry: uri,
        ..Endpoints::default()
    };
    (server, endpoints)
}

fn answer(request: &Request) -> Answer {
    match request.url.path() {
        "/metadata/identity/oauth2/token" => metadata(request),
        "/oauth2/exchange" => exchange(&form(request)?),
        "/oauth2/token" => narrow(&form(request)?),
        path => authority(path, &form(request)?),
    }
}

fn is(form: &Form, key: &str, value: &str) -> bool {
    form.get(key).is_some_and(|given| given == value)
}

fn authority(path: &str, form: &Form) -> Answer {
    need(path == format!("/{TENANT}/oauth2/v2.0/token"), 400, "invalid_request")?; // AADSTS90002
    need(is(form, "grant_type", "client_credentials"), 400, "unsupported_grant_type")?;
    need(is(form, "scope", &format!("{MANAGEMENT}.default")), 400, "invalid_scope")?;
    need(is(form, "client_id", CLIENT), 400, "unauthorized_client")?; // AADSTS700016
    match (form.get("client_secret"), form.get("client_assertion")) {
        (Some(secret), None) => need(secret == SECRET, 401, "invalid_client")?, // AADSTS7000215
        (None, Some(assertion)) => {
            need(is(form, "client_assertion_type", ASSERTION), 400, "invalid_request")?;
            need(is_subjects(assertion, "api://AzureADTokenExchange"), 401, "invalid_client")?;
        }
        _ => return Err((401, "invalid_client")), // AADSTS7000218
    }
    Ok(json!({ "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": ACCESS }))
}

fn metadata(request: &Request) -> Answer {
    let query: Form = request.url.query_pairs().into_owned().collect();
    need(
        request.method.as_str() == "GET" && header(request, "metadata") == Some("true"),
        400,
        "bad_request_102",
    )?;
    need(header(request, "x-forwarded-for").is_none(), 400, "bad_request")?;
    need(is(&query, "api-version", "2018-02-01"), 400, "invalid_request")?;
    need(is(&query, "resource", MANAGEMENT), 400, "invalid_resource")?;
    let known = is(&query, "client_id", CLIENT) != is(&query, "msi_res_id", RESOURCE);
    need(known || query.len() == 2, 400, "invalid_request")?; // Identity not found
    Ok(json!({
        "access_token": MACHINE, "client_id": CLIENT, "expires_in": "86399", "expires_on": "1700000000",
        "not_before": "1600000000", "resource": MANAGEMENT, "token_type": "Bearer",
    }))
}

fn exchange(form: &Form) -> Answer {
    need(is(form, "grant_type", "access_token"), 400, "unsupported")?;
    need(is(form, "service", REGISTRY), 400, "service")?;
    need(form.get("tenant").is_none_or(|tenant| tenant == TENANT), 401, "tenant")?;
    let by_machine = is(form, "access_token", MACHINE);
    need(by_machine || is(form, "access_token", ACCESS) && form.contains_key("tenant"), 401, "token")?;
    Ok(json!({ "refresh_token": "refresh-c4n4ry" }))
}

fn narrow(form: &Form) -> Answer {
    need(is(form, "grant_type", "refresh_token"), 400, "unsupported")?;
    need(is(form, "service", REGISTRY), 400, "service")?;
    need(is(form, "refresh_token", "refresh-c4n4ry"), 401, "token")?;
    need(is(form, "scope", "repository:shop:pull,push"), 403, "scope")?;
    Ok(json!({ "access_token": "access-c4n4ry" }))
}
