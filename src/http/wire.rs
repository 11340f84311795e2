//! AdmissionReview in and out: bytes to [`Request`], [`Response`] to bytes.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::authentication::v1::UserInfo;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::pruned::Keep;
use crate::admission::{Operation, Request, Response};

const UNREADABLE: &str = "the body is no AdmissionReview: expected JSON with apiVersion, kind and request\n";

/// Longer than any uid.
const MAX_UID: usize = 128;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewIn<'a> {
    api_version: String,
    kind: String,
    #[serde(borrow)]
    request: Option<RequestIn<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestIn<'a> {
    uid: String,
    kind: KindIn,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
    operation: String,
    #[serde(default, borrow)]
    object: Option<&'a RawValue>,
    #[serde(default, borrow)]
    old_object: Option<&'a RawValue>,
    #[serde(default)]
    dry_run: Option<bool>,
    #[serde(default)]
    user_info: UserInfo,
}

#[derive(Deserialize)]
struct KindIn {
    #[serde(default)]
    group: String,
    kind: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReviewOut {
    api_version: &'static str,
    kind: &'static str,
    response: ResponseOut,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseOut {
    uid: String,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<StatusOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct StatusOut {
    code: u16,
    message: String,
}

/// A review that can be answered.
pub(super) struct Read {
    pub uid: String,
    /// What to decide on, or in a word why there is nothing to do.
    pub request: Result<Request, &'static str>,
}

/// Which kinds a path is for, and what is read of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kinds {
    /// Their group.
    pub group: &'static str,
    /// They.
    pub kinds: &'static [&'static str],
    /// What is kept of the object, and of the one before an update.
    pub keep: Keep,
}

/// Reads a review that was sent to a path for these kinds. What it is wrong with it is said without quoting it.
pub(super) fn read(of: Kinds, bytes: &[u8]) -> Result<Read, &'static str> {
    let review: ReviewIn<'_> = serde_json::from_slice(bytes).map_err(|_| UNREADABLE)?;
    if review.api_version != "admission.k8s.io/v1" || review.kind != "AdmissionReview" {
        return Err("only AdmissionReviews of admission.k8s.io/v1 are understood\n");
    }
    let request = review.request.ok_or("the AdmissionReview has no request\n")?;
    if request.uid.is_empty() || request.uid.len() > MAX_UID {
        return Err("the AdmissionReview's request has no uid that can be answered\n");
    }
    let is_ours = request.kind.group == of.group && of.kinds.contains(&request.kind.kind.as_str());
    let uid = request.uid.clone();
    let read = |object: Option<&RawValue>| match object {
        Some(object) => of.keep.read(object.get()).map_err(|_| UNREADABLE),
        None => Ok(Value::Null),
    };
    let objects = (read(request.object)?, read(request.old_object)?);
    Ok(Read { uid, request: if is_ours { decidable(request, objects) } else { Err("kind") } })
}

/// A request that something may have to be done for. The API server itself refuses names that cannot be, but only after
/// it has asked us.
fn decidable(request: RequestIn<'_>, (object, old): (Value, Value)) -> Result<Request, &'static str> {
    let RequestIn { kind, namespace, name, operation, dry_run, user_info: user, .. } = request;
    let operation = match operation.as_str() {
        "CREATE" => Operation::Create,
        "UPDATE" => Operation::Update,
        _ => return Err("operation"),
    };
    if !is_name(&name, 253, ".-") || !is_name(&namespace, 63, "-") {
        return Err("name");
    }
    let old = (operation == Operation::Update && old.is_object()).then_some(old);
    let dry_run = dry_run.unwrap_or_default();
    Ok(Request { operation, kind: kind.kind, namespace, name, dry_run, user, object, old })
}

/// A name of lower-case letters and digits and, inside, these other characters; or none.
fn is_name(text: &str, longest: usize, inside: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= longest
        && text.chars().all(|c| plain(c) || inside.contains(c))
        && !text.starts_with(|c| !plain(c))
        && !text.ends_with(|c| !plain(c))
}

/// The answer to the review of this uid.
pub(super) fn write(uid: String, response: Response) -> ReviewOut {
    let Response { denied, warnings, audit, patch, outcome: _ } = response;
    let allowed = denied.is_none();
    let patch = patch.and_then(|patch| serde_json::to_vec(&patch).ok());
    ReviewOut {
        api_version: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: ResponseOut {
            uid,
            allowed,
            status: denied.map(|message| StatusOut { code: 403, message }),
            patch_type: patch.as_ref().map(|_| "JSONPatch"),
            patch: patch.map(|patch| BASE64_STANDARD.encode(patch)),
            warnings,
            audit_annotations: audit,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PODS: Kinds = Kinds { group: "", kinds: &["Pod"], keep: Keep::All };

    fn review(change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let mut review = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "u", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE",
                "namespace": "a", "object": {"metadata": {}}, "oldObject": null, "dryRun": false,
            },
        });
        change(&mut review);
        serde_json::to_vec(&review).expect("json")
    }

    /// Why there is nothing to do, if there is not.
    fn skipped(change: impl FnOnce(&mut Value)) -> Option<&'static str> {
        read(PODS, &review(|review| change(&mut review["request"]))).expect("read").request.err()
    }

    #[test]
    fn a_create_is_read() {
        let read = read(PODS, &review(|_| ())).expect("a review");
        let request = read.request.expect("a request");
        assert_eq!((read.uid.as_str(), request.name.as_str(), request.old), ("u", "", None));
    }

    #[test]
    fn what_nothing_is_to_be_done_for_is_admitted_unread() {
        assert_eq!(skipped(|request| request["operation"] = json!("DELETE")), Some("operation"));
        assert_eq!(skipped(|request| request["kind"]["kind"] = json!("Node")), Some("kind"));
        assert_eq!(skipped(|request| request["kind"]["group"] = json!("apps")), Some("kind"));
        for name in ["../../kube-system/secrets/x", "a/b", "UPPER", "-a", "a.", "a b", "ä", &"a".repeat(254)]
        {
            assert_eq!(skipped(|request| request["name"] = json!(name)), Some("name"), "{name}");
        }
        for namespace in ["a.b", "a/b", &"a".repeat(64)] {
            assert_eq!(
                skipped(|request| request["namespace"] = json!(namespace)),
                Some("name"),
                "{namespace}"
            );
        }
        for name in ["", "a", "a.b-c.0", &"a".repeat(253)] {
            assert_eq!(skipped(|request| request["name"] = json!(name)), None, "{name}");
        }
    }

    #[test]
    fn what_is_no_review_is_refused_without_quoting_it() {
        for bytes in [b"hunter2".as_slice(), br#"{"apiVersion":"v1"}"#, b"", &[0xff, 0xfe]] {
            assert!(!read(PODS, bytes).err().expect("refused").contains("hunter2"));
        }
        for (field, value) in
            [("apiVersion", "admission.k8s.io/v1beta1"), ("kind", "Pod"), ("request", "hunter2")]
        {
            assert!(read(PODS, &review(|review| review[field] = json!(value))).is_err(), "{field}");
        }
        for uid in [String::new(), "u".repeat(1 << 20)] {
            assert!(read(PODS, &review(|review| review["request"]["uid"] = json!(uid))).is_err());
        }
    }

    #[test]
    fn depth_is_refused_and_breaks_nothing() {
        for field in ["object", "oldObject", "unknown"] {
            let deep = format!("{}{}", r#"{"a":["#.repeat(100_000), "]}".repeat(100_000));
            let review = review(|review| review["request"][field] = json!("HERE"));
            let text = String::from_utf8(review).expect("text").replace("\"HERE\"", &deep);
            assert_eq!(read(PODS, text.as_bytes()).is_err(), field != "unknown", "{field}");
        }
    }

    #[test]
    fn a_patch_goes_out_in_base64_and_a_denial_with_its_text() {
        let patch =
            serde_json::from_value(json!([{"op": "add", "path": "/a", "value": 1}])).expect("a patch");
        let out = write("u".into(), Response { patch: Some(patch), ..Response::admitted("synced") });
        let out = serde_json::to_value(out).expect("json")["response"].clone();
        assert_eq!(out["patchType"], "JSONPatch");
        assert!(BASE64_STANDARD.decode(out["patch"].as_str().expect("text")).is_ok());
        let out = serde_json::to_value(write("u".into(), Response::denied("no".into()))).expect("json");
        assert_eq!(out["response"]["allowed"], false);
        assert_eq!(out["response"]["status"]["message"], "no");
    }
}
