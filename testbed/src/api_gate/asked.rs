//! A request to the API server, as a gate remembers it.

use std::time::Instant;

/// A request that came to a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Without its `?`; empty if there is none.
    pub query: String,
    /// When its head had come.
    pub at: Instant,
    /// What it was answered; none if it has not been, or never was.
    pub status: Option<u16>,
    pub(super) id: u64,
}

impl Asked {
    /// As RBAC has it: `get secrets`, `watch externalsecrets`, `patch externalsecrets/status`.
    #[must_use]
    pub fn what(&self) -> String {
        let segments: Vec<&str> = self.path.split('/').filter(|segment| !segment.is_empty()).collect();
        let rest = match segments.as_slice() {
            ["api", _, "namespaces", _, rest @ ..] if !rest.is_empty() => rest,
            ["apis", _, _, "namespaces", _, rest @ ..] if !rest.is_empty() => rest,
            ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
            other => other,
        };
        let resource = match rest {
            [resource, _, part, ..] => format!("{resource}/{part}"),
            [resource, ..] => (*resource).to_owned(),
            [] => "discovery".to_owned(),
        };
        format!("{} {resource}", self.verb(rest.len() > 1))
    }

    /// Whether it is of this kind, say `update leases`.
    #[must_use]
    pub fn is(&self, what: &str) -> bool {
        self.what() == what
    }

    #[must_use]
    pub fn is_watch(&self) -> bool {
        self.method == "GET" && self.query.split('&').any(|pair| pair == "watch=true" || pair == "watch=1")
    }

    fn verb(&self, named: bool) -> &'static str {
        match self.method.as_str() {
            "GET" if self.is_watch() => "watch",
            "GET" if named => "get",
            "GET" => "list",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" if named => "delete",
            "DELETE" => "deletecollection",
            _ => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(method: &str, path: &str, query: &str) -> String {
        let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
        Asked { method, path, query, at: Instant::now(), status: None, id: 0 }.what()
    }

    #[test]
    fn a_request_is_named_as_rbac_names_it() {
        assert_eq!(what("GET", "/api/v1/secrets", "limit=500"), "list secrets");
        assert_eq!(what("GET", "/api/v1/secrets", "watch=true&limit=5"), "watch secrets");
        assert_eq!(what("PUT", "/api/v1/namespaces/a/secrets/b", ""), "update secrets");
        assert_eq!(what("GET", "/api/v1/namespaces/a", ""), "get namespaces");
        let status = "/apis/external-secrets.io/v1/namespaces/a/externalsecrets/b/status";
        assert_eq!(what("PATCH", status, "fieldManager=x"), "patch externalsecrets/status");
        assert_eq!(what("POST", "/apis/coordination.k8s.io/v1/namespaces/a/leases", ""), "create leases");
        assert_eq!(what("GET", "/apis/external-secrets.io/v1", ""), "list discovery");
    }
}
