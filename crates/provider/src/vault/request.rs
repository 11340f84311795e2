//! What is asked of Vault. Paths, methods, queries and bodies are those of vaultrs' request types; the two requests that it
//! lacks stand at the end.
//!
//! Only the definitions are taken. The executors of vaultrs and rustify would lose what ESO's rules need (Vault's errors,
//! the answer's headers, numbers as they were written), would log each refusal as an error with its URL, and unwrap the
//! token, the namespace and the URL; so [`super::http`] sends, and reads the answers.

use http::Method;
use rustify::Endpoint;
use rustify::enums::{RequestMethod, RequestType, ResponseType};
use rustify::errors::ClientError;
use rustify::http::build_body;
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use super::path;
use crate::{Error, ErrorKind};

/// A request that is safe to send. It may hold a credential, so it cannot be shown; it is wiped, but not the copies that
/// rustify and reqwest make of it.
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The JSON body; empty is none.
    pub body: Zeroizing<Vec<u8>>,
    path: Vec<String>,
    query: Option<String>,
}

impl Request {
    /// The request that an endpoint of vaultrs describes. Its path is cleaned and checked here, for it is made of a store's
    /// mounts and of keys; rustify would escape it, and leave out `..` without a word.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] by [`path::segments`].
    pub fn of(endpoint: &impl Endpoint) -> Result<Self, Error> {
        let unwritable = |_| Error::new(ErrorKind::InvalidRequest, "the request for vault cannot be written");
        let path = endpoint.path();
        let path = path.strip_prefix("\t/").unwrap_or(&path); // vaultrs 0.8 begins the paths of two requests so
        Ok(Self {
            method: endpoint.method().into(),
            path: path::segments(path)?,
            query: endpoint.query().map_err(unwritable)?.filter(|query| !query.is_empty()),
            body: endpoint.body().map_err(unwritable)?.unwrap_or_default().into(),
        })
    }

    /// A request to a path that its author names, below `/v1`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] by [`path::segments`].
    pub fn new(method: Method, path: &str, query: Option<String>, body: Vec<u8>) -> Result<Self, Error> {
        Ok(Self { method, body: body.into(), path: path::segments(path)?, query })
    }

    /// A request to the same place by another method, with this body; empty is none.
    pub fn with(self, method: Method, body: Vec<u8>) -> Self {
        Self { method, body: body.into(), query: None, ..self }
    }

    /// The path below `/v1`, for people.
    pub fn path(&self) -> String {
        self.path.join("/")
    }

    /// The URL at this server, which may have a path of its own.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for a server that can have no path.
    pub fn url(&self, server: &Url) -> Result<Url, Error> {
        let mut url = server.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().push("v1").extend(&self.path),
            Err(()) => return Err(Error::new(ErrorKind::InvalidConfig, "the server's URL can have no path")),
        };
        url.set_query(self.query.as_deref());
        Ok(url)
    }
}

/// `GET sys/internal/ui/mounts/<mount>`: what is mounted there, for whoever may read in it. vaultrs has only `sys/mounts`,
/// which is for administrators.
pub struct ReadMount {
    /// The mount.
    pub mount: String,
}

impl Endpoint for ReadMount {
    type Response = ();
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        format!("sys/internal/ui/mounts/{}", self.mount)
    }

    fn method(&self) -> RequestMethod {
        RequestMethod::GET
    }
}

/// `POST auth/<mount>/login` by the connection's certificate. That of vaultrs 0.8 sends the role as `cert_name`, which
/// Vault overlooks: the login would be by any role that matches.
#[derive(Serialize)]
pub struct CertLogin {
    /// The mount.
    #[serde(skip)]
    pub mount: String,
    /// The role; none is any that matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Endpoint for CertLogin {
    type Response = ();
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        format!("auth/{}/login", self.mount)
    }

    fn method(&self) -> RequestMethod {
        RequestMethod::POST
    }

    fn body(&self) -> Result<Option<Vec<u8>>, ClientError> {
        build_body(self, Self::REQUEST_BODY_TYPE).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use vaultrs::api::kv2::requests::ReadSecretRequest;
    use vaultrs::api::token::requests::{RenewTokenSelfRequest, RevokeTokenSelfRequest};

    use super::*;

    fn url(request: Result<Request, Error>, server: &str) -> String {
        let server = Url::parse(server).expect("a URL");
        request.and_then(|request| request.url(&server)).expect("a request").into()
    }

    fn read(path: &str, version: Option<u64>) -> Result<Request, Error> {
        Request::of(&ReadSecretRequest { mount: "secret".to_owned(), path: path.to_owned(), version })
    }

    #[test]
    fn escapes_paths_and_keeps_the_servers_own() {
        let escaped = "https://vault:8200/v1/secret/data/a%20b/50%25/what%3F/n%231?version=2";
        assert_eq!(url(read("a b/50%/what?/n#1", Some(2)), "https://vault:8200"), escaped);
        assert_eq!(url(read("/a//b/", None), "http://v/behind/"), "http://v/behind/v1/secret/data/a/b");
        assert_eq!(read("a/../../sys", None).err().map(|error| error.kind), Some(ErrorKind::InvalidRequest));
    }

    #[test]
    fn the_paths_of_vaultrs_are_cleaned() {
        for (request, what) in [
            (Request::of(&RenewTokenSelfRequest { increment: None }), "renew-self"),
            (Request::of(&RevokeTokenSelfRequest {}), "revoke-self"),
        ] {
            assert!(request.as_ref().is_ok_and(|request| request.body.is_empty()), "{what}");
            assert_eq!(url(request, "http://v/"), format!("http://v/v1/auth/token/{what}"));
        }
    }

    #[test]
    fn a_certificate_names_its_role() {
        let body = |name: Option<&str>| {
            let login = CertLogin { mount: "cert".to_owned(), name: name.map(str::to_owned) };
            Request::of(&login).map(|request| String::from_utf8_lossy(&request.body).into_owned())
        };
        assert_eq!(body(Some("web")).as_deref(), Ok(r#"{"name":"web"}"#));
        assert_eq!(body(None).as_deref(), Ok(""));
    }
}
