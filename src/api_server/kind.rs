//! Which kind of request it is, as RBAC has it.

use http::{Method, Uri};

/// Verb and resource, say `patch` and `externalsecrets/status`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) verb: &'static str,
    /// With its subresource; `discovery` for what is no resource.
    pub(super) resource: String,
}

impl Kind {
    pub(super) fn of(method: &Method, uri: &Uri) -> Self {
        let segments: Vec<&str> = uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
        let rest = match segments.as_slice() {
            ["api", _, "namespaces", _, rest @ ..] | ["apis", _, _, "namespaces", _, rest @ ..]
                if !rest.is_empty() =>
            {
                rest
            }
            ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
            _ => &[],
        };
        let resource = match rest {
            [resource, _, part, ..] => format!("{resource}/{part}"),
            [resource, ..] => (*resource).to_owned(),
            [] => "discovery".to_owned(),
        };
        Self { verb: verb(method, uri, rest.len() > 1), resource }
    }

    pub(super) fn is_watch(&self) -> bool {
        self.verb == "watch"
    }
}

fn verb(method: &Method, uri: &Uri, named: bool) -> &'static str {
    let watches = uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
    match method.as_str() {
        "GET" if watches => "watch",
        "GET" if named => "get",
        "GET" => "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(method: Method, uri: &str) -> String {
        let Kind { verb, resource } = Kind::of(&method, &uri.parse().expect("a URI"));
        format!("{verb} {resource}")
    }

    #[test]
    fn is_what_rbac_asks_about() {
        assert_eq!(kind(Method::GET, "/api/v1/secrets?limit=500"), "list secrets");
        assert_eq!(kind(Method::GET, "/api/v1/secrets?limit=5&watch=true"), "watch secrets");
        assert_eq!(kind(Method::PUT, "/api/v1/namespaces/a/secrets/b?"), "update secrets");
        assert_eq!(kind(Method::GET, "/api/v1/namespaces/a"), "get namespaces");
        let status = "/apis/external-secrets.io/v1/namespaces/a/externalsecrets/b/status?fieldManager=x";
        assert_eq!(kind(Method::PATCH, status), "patch externalsecrets/status");
        assert_eq!(kind(Method::POST, "/apis/events.k8s.io/v1/namespaces/a/events"), "create events");
        assert_eq!(kind(Method::GET, "/apis/external-secrets.io/v1"), "list discovery");
    }
}
