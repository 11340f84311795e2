use serde_json::json;

use super::*;

#[test]
fn what_the_requester_lacks_is_told_and_in_the_audit_log() {
    let lacks = || vec!["user \"alice\" may not use it".to_owned()];
    let allowed = told(Response::admitted("made"), "ClusterExternalSecret x", lacks());
    assert_eq!(allowed.warnings, ["ClusterExternalSecret x: user \"alice\" may not use it"]);
    let refused = told(Response::denied("no".to_owned()), "ClusterExternalSecret x", lacks());
    assert_eq!((refused.denied.as_deref(), refused.warnings.len()), (Some("no"), 0));
    for response in [allowed, refused] {
        assert_eq!(response.audit["requester"], "lacks rights");
    }
    assert!(!told(Response::admitted("made"), "x", Vec::new()).audit.contains_key("requester"));
}

fn update(change: impl FnOnce(&mut Value)) -> Request {
    let object = json!({"metadata": {"name": "db"}, "spec": {"data": []}});
    let mut request = Request {
        operation: Operation::Update,
        kind: "ExternalSecret".into(),
        namespace: "shop".into(),
        name: "db".into(),
        dry_run: false,
        user: UserInfo::default(),
        object: object.clone(),
        old: Some(object),
    };
    change(&mut request.object);
    request
}

#[test]
fn only_a_changed_specification_asks_for_something_new() {
    assert!(!asks_for_something_new(&update(|object| object["metadata"]["labels"] = json!({"a": "b"}))));
    assert!(asks_for_something_new(&update(|object| object["spec"]["target"] = json!({"name": "x"}))));
    let mut deleted = update(|object| object["spec"]["target"] = json!({"name": "x"}));
    deleted.object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert!(!asks_for_something_new(&deleted));
}
