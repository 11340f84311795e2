//! `authRef`: a kubeconfig kept in a Secret.
//!
//! It is data from a tenant, not a file of ours: whatever would run a program or read a file of this pod is refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::access::Bearer;
use super::server::Server;
use crate::tls::ClientCertificate;
use crate::{Error, ErrorKind, SecretBytes};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Kubeconfig {
    current_context: String,
    contexts: Vec<NamedContext>,
    clusters: Vec<NamedCluster>,
    #[serde(default)]
    users: Vec<NamedUser>,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    cluster: String,
    #[serde(default)]
    user: Option<String>,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: String,
    cluster: Cluster,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    server: String,
    certificate_authority_data: Option<String>,
    tls_server_name: Option<String>,
    insecure_skip_tls_verify: Option<bool>,
    certificate_authority: Option<IgnoredAny>,
    proxy_url: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    #[serde(default)]
    user: Option<User>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct User {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    exec: Option<IgnoredAny>,
    auth_provider: Option<IgnoredAny>,
    #[serde(rename = "tokenFile")]
    token_file: Option<IgnoredAny>,
    client_certificate: Option<IgnoredAny>,
    client_key: Option<IgnoredAny>,
    username: Option<IgnoredAny>,
    #[serde(rename = "as")]
    impersonate: Option<IgnoredAny>,
}

/// The server and the credentials of the current context.
///
/// # Errors
/// [`ErrorKind::Credentials`] for what is no kubeconfig or lacks something, [`ErrorKind::Unsupported`] for programs,
/// files and proxies in it.
pub fn read(text: &SecretBytes) -> Result<(Server, Bearer), Error> {
    let text = text.expose_str().ok_or_else(|| unusable("is not text"))?;
    let config: Kubeconfig = serde_saphyr::from_str(text).map_err(|_| unusable("cannot be read"))?;
    let (cluster, user) =
        config.current().ok_or_else(|| unusable("lacks its current context's cluster or user"))?;
    refuse_outside(&cluster, &user)?;
    let ca = decoded(cluster.certificate_authority_data.as_deref(), "certificate-authority-data")?;
    let mut server = Server::new(Some(&cluster.server), ca, client_certificate(&user)?)?;
    server.tls_server_name = cluster.tls_server_name;
    server.insecure = cluster.insecure_skip_tls_verify.unwrap_or_default();
    let bearer = match user.token.as_deref().map(str::trim) {
        Some(token) if !token.is_empty() => Bearer::Fixed(token.into()),
        _ => Bearer::Nothing,
    };
    Ok((server, bearer))
}

impl Kubeconfig {
    fn current(self) -> Option<(Cluster, User)> {
        let Self { current_context, contexts, clusters, users } = self;
        let Context { cluster, user } =
            contexts.into_iter().find(|context| context.name == current_context)?.context;
        let cluster = clusters.into_iter().find(|named| named.name == cluster)?.cluster;
        let user = match user {
            Some(user) => users.into_iter().find(|named| named.name == user)?.user.unwrap_or_default(),
            None => User::default(),
        };
        Some((cluster, user))
    }
}

fn refuse_outside(cluster: &Cluster, user: &User) -> Result<(), Error> {
    let fields = [
        (user.exec.is_some(), "exec"),
        (user.auth_provider.is_some(), "auth-provider"),
        (user.token_file.is_some(), "tokenFile"),
        (user.client_certificate.is_some(), "client-certificate"),
        (user.client_key.is_some(), "client-key"),
        (user.username.is_some(), "username"),
        (user.impersonate.is_some(), "as"),
        (cluster.certificate_authority.is_some(), "certificate-authority"),
        (cluster.proxy_url.is_some(), "proxy-url"),
    ];
    let Some((_, field)) = fields.into_iter().find(|(given, _)| *given) else { return Ok(()) };
    let text = format!(
        "the kubernetes store's kubeconfig uses {field:?}; a kubeconfig in a Secret may hold certificate data and a token, \
         no programs, files, proxies or other users"
    );
    Err(Error::new(ErrorKind::Unsupported, text))
}

fn client_certificate(user: &User) -> Result<Option<ClientCertificate>, Error> {
    let chain = decoded(user.client_certificate_data.as_deref(), "client-certificate-data")?;
    let key = decoded(user.client_key_data.as_deref(), "client-key-data")?;
    match (chain, key) {
        (Some(chain), Some(key)) => Ok(Some(ClientCertificate { chain: chain.into(), key: key.into() })),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => {
            Err(unusable("has a client certificate and its key only in part"))
        }
    }
}

fn decoded(data: Option<&str>, field: &str) -> Result<Option<Vec<u8>>, Error> {
    let Some(data) = data else { return Ok(None) };
    STANDARD.decode(data.trim()).map(Some).map_err(|_| unusable(&format!("has {field} that is not base64")))
}

fn unusable(why: &str) -> Error {
    Error::new(ErrorKind::Credentials, format!("the kubernetes store's kubeconfig {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kubeconfig(cluster: &str, user: &str) -> SecretBytes {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\npreferences: {{}}\n\
             contexts: [{{name: b, context: {{cluster: x}}}}, {{name: a, context: {{cluster: c, user: u}}}}]\n\
             clusters: [{{name: c, cluster: {{server: 'https://api:6443'{cluster}}}}}]\n\
             users: [{{name: u, user: {{{user}}}}}]\n"
        );
        SecretBytes::from(text)
    }

    #[test]
    fn reads_the_current_context() {
        let (server, bearer) =
            read(&kubeconfig(", tls-server-name: inner", "token: t0ken")).expect("a kubeconfig");
        assert_eq!(
            (server.shown().as_str(), server.tls_server_name.as_deref()),
            ("https://api:6443", Some("inner"))
        );
        assert!(matches!(bearer, Bearer::Fixed(token) if token == "t0ken".into()));
        let (server, bearer) =
            read(&kubeconfig("", "client-certificate-data: QQ==, client-key-data: Qg==")).expect("one");
        assert!(
            server.client.is_some_and(|client| client.key == "B".into()) && matches!(bearer, Bearer::Nothing)
        );
    }

    #[test]
    fn refuses_programs_files_and_proxies() {
        for (cluster, user) in [
            ("", "exec: {command: sh, apiVersion: v1}"),
            ("", "auth-provider: {name: gcp}"),
            ("", "tokenFile: /etc/passwd"),
            ("", "client-key: /key"),
            (", certificate-authority: /ca", "token: a"),
            (", proxy-url: 'http://proxy'", "token: a"),
        ] {
            let error = read(&kubeconfig(cluster, user)).expect_err(user);
            assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
        }
    }

    #[test]
    fn tells_what_is_wrong_without_quoting_it() {
        for text in
            ["", "just t0ken", "current-context: a", "{current-context: a, contexts: [], clusters: []}"]
        {
            let error = read(&text.into()).expect_err(text);
            assert_eq!(error.kind, ErrorKind::Credentials);
            assert!(!error.message.contains("t0ken"), "{error}");
        }
    }
}
