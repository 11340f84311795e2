//! ServiceAccounts of a cluster of GKE, or of one that Google Cloud knows: its Workload Identity.

use latchkey_api::provider::vault_auth::VaultGcpWorkloadIdentity;

use super::google::{self, Subject, Target};
use super::{Access, metadata};
use crate::Error;
use crate::generate::parts::given;
use crate::generate::service_account::Account;
use crate::generate::{World, invalid};

const FIELD: &str = "auth.workloadIdentity.serviceAccountRef";

/// A token for the ServiceAccount, or for the service account that its annotation names.
///
/// # Errors
/// The ServiceAccount or something of the cluster is not to be had; Google refuses.
pub async fn access(
    identity: &VaultGcpWorkloadIdentity,
    project: &str,
    world: &World<'_>,
) -> Result<Access, Error> {
    let account = Account::find(world, FIELD, &identity.service_account_ref).await?;
    let target = account.annotation(google::ANNOTATION);
    let target =
        target.map(|email| Target::new(&format!("{FIELD}: the annotation {}", google::ANNOTATION), email));
    let target = target.transpose()?;
    let Cluster { pool, provider } = cluster(identity, project, world).await?;
    let token = account.token_for(&pool).await?;
    let audience = format!("identitynamespace:{pool}:{provider}");
    let who = Subject { field: FIELD, audience: &audience, token, kind: google::JWT };
    google::login(world, who, target).await
}

/// As Google knows it.
struct Cluster {
    pool: String,
    provider: String,
}

async fn cluster(
    identity: &VaultGcpWorkloadIdentity,
    project: &str,
    world: &World<'_>,
) -> Result<Cluster, Error> {
    let VaultGcpWorkloadIdentity {
        service_account_ref: _,
        cluster_location,
        cluster_name,
        cluster_project_id,
    } = identity;
    let (field, project) = match given(cluster_project_id) {
        Some(own) => ("auth.workloadIdentity.clusterProjectID", own),
        None => ("projectID", project),
    };
    let project = word(field, project.to_owned())?;
    let (field, key) = ("auth.workloadIdentity.clusterLocation", "cluster-location");
    let location = word(field, of_cluster(field, cluster_location, key, world).await?)?;
    let (field, key) = ("auth.workloadIdentity.clusterName", "cluster-name");
    let name = word(field, of_cluster(field, cluster_name, key, world).await?)?;
    let pool = format!("{project}.svc.id.goog");
    let path = format!("v1/projects/{project}/locations/{location}/clusters/{name}");
    Ok(Cluster { pool, provider: format!("https://container.googleapis.com/{path}") })
}

/// What the field says; else what the metadata of the machine does.
async fn of_cluster(
    field: &str,
    given_: &Option<String>,
    key: &str,
    world: &World<'_>,
) -> Result<String, Error> {
    match given(given_) {
        Some(text) => Ok(text.to_owned()),
        None => metadata::attribute(world, field, key).await,
    }
}

/// Projects, locations and clusters have names of letters, digits and hyphens; a project of a domain has more.
fn word(field: &str, text: String) -> Result<String, Error> {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':' | b'_');
    if text.is_empty() || !text.bytes().all(named) {
        return Err(invalid(format!("{field} is empty, or no name of Google Cloud's")));
    }
    Ok(text)
}
