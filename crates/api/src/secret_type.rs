//! Types of Secrets, and what the API server asks of each ("Types of Secret", Kubernetes' concepts).

use std::fmt;

/// A token of a ServiceAccount: whoever makes one is given rights, and the cluster fills it.
pub const SERVICE_ACCOUNT_TOKEN: &str = "kubernetes.io/service-account-token";

/// What a node joins the cluster with.
pub const BOOTSTRAP_TOKEN: &str = "bootstrap.kubernetes.io/token";

/// The keys that a Secret needs for its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// All of these; none for a type that asks for nothing.
    All(&'static [&'static str]),
    /// One of these at least.
    Any(&'static [&'static str]),
}

/// What a type asks for.
pub fn required(type_: &str) -> Required {
    match type_ {
        "kubernetes.io/tls" => Required::All(&["tls.crt", "tls.key"]),
        "kubernetes.io/dockerconfigjson" => Required::All(&[".dockerconfigjson"]),
        "kubernetes.io/dockercfg" => Required::All(&[".dockercfg"]),
        "kubernetes.io/basic-auth" => Required::Any(&["username", "password"]),
        "kubernetes.io/ssh-auth" => Required::All(&["ssh-privatekey"]),
        _ => Required::All(&[]),
    }
}

impl Required {
    /// Whether a Secret with these keys may be of the type.
    pub fn are_met(self, has: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::All(keys) => keys.iter().all(|key| has(key)),
            Self::Any(keys) => keys.iter().any(|key| has(key)),
        }
    }
}

/// `"tls.crt" and "tls.key"`
impl fmt::Display for Required {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keys, word) = match self {
            Self::All(keys) => (keys, " and "),
            Self::Any(keys) => (keys, " or "),
        };
        let quoted: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
        out.write_str(&quoted.join(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_asks_for_its_keys() {
        for (type_, keys, allowed) in [
            ("kubernetes.io/tls", &["tls.crt"][..], false),
            ("kubernetes.io/tls", &["tls.crt", "tls.key"], true),
            ("kubernetes.io/dockerconfigjson", &[".dockercfg"], false),
            ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"], true),
            ("kubernetes.io/dockercfg", &[".dockercfg"], true),
            ("kubernetes.io/basic-auth", &["password"], true),
            ("kubernetes.io/basic-auth", &["pass"], false),
            ("kubernetes.io/ssh-auth", &["ssh-privatekey"], true),
            ("Opaque", &[], true),
            ("example.com/any", &[], true),
        ] {
            assert_eq!(required(type_).are_met(|key| keys.contains(&key)), allowed, "{type_} {keys:?}");
        }
        assert_eq!(required("kubernetes.io/tls").to_string(), r#""tls.crt" and "tls.key""#);
        assert_eq!(required("kubernetes.io/basic-auth").to_string(), r#""username" or "password""#);
    }
}
