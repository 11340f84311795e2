//! Which keys a Secret needs for its type, as the API server checks it.

/// Whether a Secret with these keys may be of the type. One of a service account's token is no copy of another: the cluster makes it.
pub fn allows(type_: &str, has: impl Fn(&str) -> bool) -> bool {
    match type_ {
        "kubernetes.io/tls" => has("tls.crt") && has("tls.key"),
        "kubernetes.io/dockerconfigjson" => has(".dockerconfigjson"),
        "kubernetes.io/dockercfg" => has(".dockercfg"),
        "kubernetes.io/basic-auth" => has("username") || has("password"),
        "kubernetes.io/ssh-auth" => has("ssh-privatekey"),
        "kubernetes.io/service-account-token" => false,
        _ => true,
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
            ("kubernetes.io/service-account-token", &["token"], false),
            ("Opaque", &[], true),
            ("example.com/any", &[], true),
        ] {
            assert_eq!(allows(type_, |key| keys.contains(&key)), allowed, "{type_} {keys:?}");
        }
    }
}
