//! Logging in to Azure: access tokens for its resource manager, which its registries take.

use http::{HeaderMap, HeaderValue, Method};
use latchkey_api::generator::{AcrManagedIdentity, AcrServicePrincipal, AcrSpec, AcrWorkloadIdentity};
use latchkey_api::provider::SecretKeySelector;

use super::azure::Azure;
use crate::generate::endpoints::{AZURE_METADATA, server};
use crate::generate::http::Ask;
use crate::generate::oauth::{Service, Token};
use crate::generate::parts::{below, given, token};
use crate::generate::service_account::Account;
use crate::generate::{World, invalid};
use crate::{Error, ErrorKind, SecretBytes};

/// What is tried, for messages.
const DOING: &str = "cannot get an access token";

/// Whom a ServiceAccount's token is for when Azure exchanges it.
const AUDIENCE: &str = "api://AzureADTokenExchange";

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The annotation that names the application's tenant.
const TENANT: &str = "azure.workload.identity/tenant-id";

/// Where a machine's metadata answers.
const METADATA: &str = "http://169.254.169.254";

/// An access token, and of which tenant it is, as far as that is known.
pub struct Login {
    pub token: SecretBytes,
    pub tenant: Option<String>,
}

/// Logs in, by the first way that is given, as External Secrets Operator does.
///
/// # Errors
/// There is no way; a field is missing; Azure refuses.
pub async fn login(spec: &AcrSpec, azure: Azure, world: &World<'_>) -> Result<Login, Error> {
    let auth = &spec.auth;
    match (&auth.service_principal, &auth.managed_identity, &auth.workload_identity) {
        (Some(principal), _, _) => by_secret(principal, spec, azure, world).await,
        (None, Some(identity), _) => by_machine(identity, spec, azure, world).await,
        (None, None, Some(identity)) => by_service_account(identity, spec, azure, world).await,
        (None, None, None) => {
            Err(invalid("auth needs one of servicePrincipal, managedIdentity and workloadIdentity"))
        }
    }
}

async fn by_secret(
    principal: &AcrServicePrincipal,
    spec: &AcrSpec,
    azure: Azure,
    world: &World<'_>,
) -> Result<Login, Error> {
    let tenant = given(&spec.tenant_id).ok_or_else(|| {
        invalid("tenantId is missing: auth.servicePrincipal is looked up in the tenant that it names")
    })?;
    let reference = &principal.secret_ref;
    let id = read(world, "auth.servicePrincipal.secretRef.clientId", &reference.client_id).await?;
    let secret =
        read(world, "auth.servicePrincipal.secretRef.clientSecret", &reference.client_secret).await?;
    let form = [("client_id", text(&id)), ("client_secret", text(&secret))];
    let token = ask(world, azure, "auth.servicePrincipal", tenant, &form).await?;
    Ok(Login { token, tenant: Some(tenant.to_owned()) })
}

async fn by_service_account(
    identity: &AcrWorkloadIdentity,
    spec: &AcrSpec,
    azure: Azure,
    world: &World<'_>,
) -> Result<Login, Error> {
    const FIELD: &str = "auth.workloadIdentity.serviceAccountRef";
    let selector = identity.service_account_ref.as_ref().ok_or_else(|| {
        invalid(format!("{FIELD} is missing: latchkey lends nobody its own identity in Azure"))
    })?;
    let account = Account::find(world, FIELD, selector).await?;
    let client = annotation(&account, FIELD, "azure.workload.identity/client-id")?;
    let tenant = match (account.annotation(TENANT), given(&spec.tenant_id)) {
        (None, Some(default)) => default,
        (Some(_), _) | (None, None) => annotation(&account, FIELD, TENANT)?,
    };
    let assertion = account.token_for(AUDIENCE).await?;
    let form =
        [("client_id", client), ("client_assertion_type", ASSERTION), ("client_assertion", text(&assertion))];
    let token = ask(world, azure, FIELD, tenant, &form).await?;
    Ok(Login { token, tenant: Some(given(&spec.tenant_id).unwrap_or(tenant).to_owned()) })
}

fn annotation<'a>(account: &'a Account<'_>, field: &str, key: &str) -> Result<&'a str, Error> {
    account.annotation(key).ok_or_else(|| {
        Error::new(ErrorKind::Credentials, format!("{field}: the ServiceAccount has no annotation {key}"))
    })
}

/// The Client Credentials Grant: RFC 6749 section 4.4, and RFC 7523 section 2.2 for assertions.
async fn ask(
    world: &World<'_>,
    azure: Azure,
    field: &str,
    tenant: &str,
    client: &[(&str, &str)],
) -> Result<SecretBytes, Error> {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if !tenant.bytes().all(named) || tenant.bytes().all(|byte| byte == b'.') {
        return Err(invalid(format!("{field}: its tenant is neither given by its id nor by a domain")));
    }
    let authority = azure.authority(world.clouds)?;
    let service = Service::new(world, ("Azure", "Azure"), field, &authority)?;
    let scope = format!("{}.default", azure.audience);
    let grant = [("grant_type", "client_credentials"), ("scope", scope.as_str())];
    let form: Vec<_> = grant.into_iter().chain(client.iter().copied()).collect();
    let url = below(&authority, &[tenant, "oauth2", "v2.0", "token"]);
    let token: Token = service.post(("GetToken", DOING), url, &form).await?;
    Ok(token.access_token)
}

/// Asks the metadata of the machine that latchkey runs on. The guard lets nobody do that unless the operator does, and even
/// then the token goes to no host but Azure's own registries: whoever writes a generator is not to have it.
async fn by_machine(
    identity: &AcrManagedIdentity,
    spec: &AcrSpec,
    azure: Azure,
    world: &World<'_>,
) -> Result<Login, Error> {
    if !spec.registry.to_ascii_lowercase().ends_with(azure.suffix) {
        let suffix = azure.suffix;
        return Err(invalid(format!(
            "registry does not end with {suffix}: auth.managedIdentity logs in to no other registries"
        )));
    }
    let metadata = server(world.clouds.azure_metadata.as_ref(), AZURE_METADATA, METADATA)?;
    let service = Service::new(world, ("Azure's metadata", "Azure"), "auth.managedIdentity", &metadata)?;
    let mut url = below(&metadata, &["metadata", "identity", "oauth2", "token"]);
    let fixed = [("api-version", "2018-02-01"), ("resource", azure.audience)];
    url.query_pairs_mut().extend_pairs(fixed.into_iter().chain(which(identity)));
    let headers = [("metadata", "true")];
    let token: Token = service.ask(get(url, &headers)).await?;
    Ok(Login { token: token.access_token, tenant: given(&spec.tenant_id).map(str::to_owned) })
}

/// Which of the machine's identities: a resource id has slashes, a client id none.
fn which(identity: &AcrManagedIdentity) -> Option<(&'static str, &str)> {
    let id = given(&identity.identity_id)?;
    Some((if id.contains('/') { "msi_res_id" } else { "client_id" }, id))
}

fn get<'a>(url: url::Url, headers: &[(&'static str, &'static str)]) -> Ask<'a> {
    let named = |(name, value): &(&'static str, &'static str)| {
        (http::HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    let headers: HeaderMap = headers.iter().map(named).collect();
    Ask {
        call: "GetMachineToken",
        doing: DOING,
        method: Method::GET,
        url,
        headers,
        body: SecretBytes::default(),
    }
}

async fn read(
    world: &World<'_>,
    field: &str,
    selector: &Option<SecretKeySelector>,
) -> Result<SecretBytes, Error> {
    let selector = selector.as_ref().ok_or_else(|| invalid(format!("{field} is missing")))?;
    token(world, field, selector).await
}

/// Credentials are text: see [`token`], and tokens of ServiceAccounts are ASCII.
fn text(bytes: &SecretBytes) -> &str {
    bytes.expose_str().unwrap_or_default()
}
