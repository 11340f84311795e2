//! The secret store slow, hanging, wrong, sealed: the last good Secret stays, whoever applies is answered in time by
//! latchkey itself, other stores are not slowed, and all is well again by itself.

mod asked;
mod credentials;
mod neighbours;
mod sizes;
mod stage;
mod tls;
mod trial;

use latchkey_testbed::{Breakage, Reply};
use serde_json::json;

pub use stage::Fault;
use stage::Kind;
use trial::{Case, Tells};

/// What every body that must not be quoted holds.
const CANARY: &str = "cAnArY-body";
/// Ten megabytes.
const LARGE: usize = 10 << 20;

/// One test for each fault at each provider: name, provider, what breaks, how, and what is said of it.
macro_rules! faults {
    ($(fn $name:ident(): $kind:ident, $what:literal, $fault:expr, $tells:ident, $says:expr;)*) => { $(
        #[test]
        fn $name() {
            trial::run(&Case {
                test: concat!("providers::", stringify!($name)),
                what: $what,
                kind: Kind::$kind,
                fault: $fault,
                tells: Tells::$tells,
                says: &$says,
            });
        }
    )* };
}

const LATE: &str = "has not answered in time";
const CLOSED: &str = "it closed the connection";
const TOO_LARGE: &str = "answers with more than 4 MiB";

faults! {
    fn vault_hangs(): Vault, "Vault takes requests and never answers", Fault::Breakage(Breakage::Hang), Down,
        [LATE, "did not answer within 10 s"];
    fn vault_drops(): Vault, "Vault closes connections instead of answering", Fault::Breakage(Breakage::Drop), Down, [CLOSED];
    fn vault_gives_half(): Vault, "Vault's answers end in the middle", Fault::Breakage(Breakage::Half), Down, [CLOSED];
    fn vault_cuts_chunks(): Vault, "Vault's answers lack their last chunk", Fault::Breakage(Breakage::CutChunks), Down,
        [CLOSED];
    fn vault_trickles(): Vault, "Vault answers with a byte a second", Fault::Breakage(Breakage::Trickle), Down,
        [LATE, "did not answer within 10 s"];
    fn vault_never_ends(): Vault, "Vault's answers have no end", Fault::Breakage(Breakage::Endless), Up, [TOO_LARGE];
    fn vault_gives_megabytes(): Vault, "Vault answers with a value of 10 MB", Fault::Reply(megabytes_of_json), Up,
        [TOO_LARGE];
    fn vault_gives_garbage(): Vault, "Vault answers with 10 MB that are no JSON", Fault::Reply(garbage), Up, [TOO_LARGE];
    fn vault_gives_a_page(): Vault, "something in front of Vault answers with a page", Fault::Reply(page), Down,
        ["is not vault, or only part of its answer"];
    fn vault_speaks_no_http(): Vault, "what listens at Vault's address is a mail server", Fault::Breakage(Breakage::NoHttp),
        Down, ["does not speak HTTP"];
    fn vault_fails(): Vault, "Vault answers 500", Fault::Reply(|kind| error(kind, 500)), Down, ["failed to answer (HTTP 500)"];
    fn vault_is_in_maintenance(): Vault, "a load balancer answers 503 for Vault", Fault::Reply(|kind| error(kind, 503)), Down,
        ["failed to answer (HTTP 503)"];
    fn vault_stands_by(): Vault, "only a standby of Vault answers (473)", Fault::Reply(|kind| error(kind, 473)), Down, ["is a standby"];
    fn vault_limits_the_rate(): Vault, "Vault answers 429", Fault::Reply(|kind| error(kind, 429)), Down, ["limits the rate"];
    fn vault_is_down(): Vault, "nobody listens at Vault's address", Fault::Gone, Down, ["connection refused"];
    fn vault_is_sealed(): Vault, "Vault is sealed", Fault::Sealed, Down, ["is sealed"];
    fn vault_shows_another_authority(): Vault, "Vault's certificate is of another authority", Fault::Certificate(tls::stranger),
        Down, ["an authority that is not known here"];
    fn vault_shows_an_expired_certificate(): Vault, "Vault's certificate has expired", Fault::Certificate(tls::expired), Down,
        ["its certificate has expired"];
    fn vault_shows_another_name(): Vault, "Vault's certificate is for another host", Fault::Certificate(tls::other_name), Down,
        ["is for another host name"];

    fn aws_hangs(): Aws, "AWS takes requests and never answers", Fault::Breakage(Breakage::Hang), Down,
        [LATE, "no answer in time"];
    fn aws_drops(): Aws, "AWS closes connections instead of answering", Fault::Breakage(Breakage::Drop), Down, [CLOSED];
    fn aws_gives_half(): Aws, "AWS's answers end in the middle", Fault::Breakage(Breakage::Half), Down, [CLOSED];
    fn aws_never_ends(): Aws, "AWS's answers have no end", Fault::Breakage(Breakage::Endless), Up, [TOO_LARGE];
    fn aws_gives_megabytes(): Aws, "AWS answers with a value of 10 MB", Fault::Reply(megabytes_of_json), Up, [TOO_LARGE];
    fn aws_gives_a_page(): Aws, "something in front of AWS answers with a page", Fault::Reply(page), Down,
        ["gave an answer that cannot be read"];
    fn aws_fails(): Aws, "AWS answers 500", Fault::Reply(|kind| error(kind, 500)), Down, ["InternalServiceError"];
    fn aws_throttles(): Aws, "AWS answers with ThrottlingException", Fault::Reply(throttled), Down, ["too many requests"];

    fn kubernetes_hangs(): Kubernetes, "the API server of a store never answers", Fault::Breakage(Breakage::Hang), Down,
        [LATE, "did not answer within 10 s", "no answer in time"];
    fn kubernetes_gives_half(): Kubernetes, "the answers of a store's API server end in the middle",
        Fault::Breakage(Breakage::Half), Down, [CLOSED];
    fn kubernetes_trickles(): Kubernetes, "the API server of a store answers with a byte a second",
        Fault::Breakage(Breakage::Trickle), Down, [LATE, "did not answer within 10 s"];
    fn kubernetes_gives_megabytes(): Kubernetes, "the API server of a store answers with a Secret of 10 MB",
        Fault::Reply(megabytes_of_json), Up, [TOO_LARGE];
    fn kubernetes_gives_half_a_secret(): Kubernetes, "a store's API server answers with JSON that breaks off",
        Fault::Reply(half_a_secret), Unknown, ["does not answer as a kubernetes API does"];
    fn kubernetes_fails(): Kubernetes, "the API server of a store answers 500", Fault::Reply(|kind| error(kind, 500)), Down,
        ["failed to answer (HTTP 500)"];
}

/// A secret as each provider gives one, and much larger than any can be.
fn megabytes_of_json(kind: Kind) -> Reply {
    let value = CANARY.repeat(LARGE / CANARY.len());
    let body = match kind {
        Kind::Vault => json!({ "data": { "data": { "value": value }, "metadata": { "version": 2 } } }),
        Kind::Aws => json!({ "ARN": "arn", "Name": "app", "SecretString": value }),
        Kind::Kubernetes => json!({ "kind": "Secret", "apiVersion": "v1", "stringData": { "value": value } }),
    };
    Reply::new(200, &body.to_string())
}

fn garbage(_: Kind) -> Reply {
    Reply::new(200, &CANARY.repeat(LARGE / CANARY.len()))
}

fn page(_: Kind) -> Reply {
    Reply::new(200, &format!("<html><body>{CANARY}</body></html>")).header("content-type", "text/html")
}

fn half_a_secret(_: Kind) -> Reply {
    Reply::new(200, &format!(r#"{{"kind":"Secret","apiVersion":"v1","data":{{"value":"{CANARY}"#))
}

fn throttled(_: Kind) -> Reply {
    Reply::aws_error(400, "ThrottlingException", "Rate exceeded")
}

/// An error of the provider's own form. AWS's sentences are passed on, Vault's and Kubernetes' are not.
fn error(kind: Kind, status: u16) -> Reply {
    match kind {
        Kind::Aws => {
            Reply::aws_error(status, "InternalServiceError", "An error occurred on the server side.")
        }
        Kind::Vault => Reply::new(status, &json!({ "errors": [CANARY] }).to_string()),
        Kind::Kubernetes => {
            let body = json!({
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "InternalError",
                "message": CANARY, "code": status,
            });
            Reply::new(status, &body.to_string())
        }
    }
}
