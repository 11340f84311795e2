//! More come than there is room for: what is said, and who waits on.

use latchkey_api::external_secret::ExternalSecret;

use super::Admission;
use super::places::{Lane, Patience, Place};
use super::request::{Request, Response};
use crate::config::FailureMode;
use crate::engine::Deadline;
use crate::lookup::{Key, stores_of};

/// What a dry run is told.
const DRY_RUN: &str = "latchkey is busy: this dry run was not tried, and proves nothing";

/// The outcome of whoever is admitted without its sync.
pub const SHED: &str = "shed";

impl Admission {
    /// A place for an ExternalSecret's sync. Where failures are refused it is waited for as long as there is time: the
    /// Secret has to be there.
    ///
    /// # Errors
    /// There is none in time; the answer says so.
    pub(super) async fn place(
        &self,
        request: &Request,
        object: &ExternalSecret,
        deadline: Deadline,
    ) -> Result<Place, Response> {
        let (lane, patience) = match request.dry_run {
            true => (Lane::DryRuns, Patience::Fifth),
            false => (Lane::ExternalSecrets, Patience::Half),
        };
        let store = stores_of(object).into_iter().next();
        if let Ok(place) = self.places.enter(lane, store.clone(), deadline, patience).await {
            return Ok(place);
        }
        let mode = match request.dry_run {
            true => FailureMode::Warn,
            false => self.mode_in_time(request, deadline).await,
        };
        if mode == FailureMode::Deny
            && let Ok(place) = self.places.enter(lane, store, deadline, Patience::Most).await
        {
            return Ok(place);
        }
        let name = format!("ExternalSecret {}/{}", request.namespace, request.name);
        Err(answer(&name, mode, request.dry_run))
    }
}

/// Admitted without its sync, or refused.
fn answer(name: &str, mode: FailureMode, dry_run: bool) -> Response {
    let response = match (mode, dry_run) {
        (_, true) => Response::admitted(SHED).warned(format!("{name}: {DRY_RUN}")),
        (FailureMode::Warn, false) => Response::admitted(SHED).warned(format!(
            "{name}: latchkey is busy: it is synced in the background as soon as it is stored"
        )),
        (FailureMode::Deny, false) => Response::denied(format!(
            "{name}: latchkey is busy and found no time to sync it; apply it again a little later"
        )),
    };
    let outcome = response.outcome;
    response.audited("outcome", outcome).audited("reason", "busy")
}

/// What is said of a Secret that a Pod names.
pub(super) fn of_pod(key: &Key, dry_run: bool) -> String {
    match dry_run {
        true => format!("ExternalSecret {key}: {DRY_RUN}"),
        false => format!("ExternalSecret {key}: latchkey is busy: it is synced in the background"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_finds_no_place_is_admitted_unless_its_secret_has_to_be_there() {
        let answer = |mode, dry_run| answer("ExternalSecret a/b", mode, dry_run);
        let shed = answer(FailureMode::Warn, false);
        let text =
            "ExternalSecret a/b: latchkey is busy: it is synced in the background as soon as it is stored";
        assert_eq!((shed.denied, shed.outcome, shed.warnings), (None, SHED, vec![text.to_owned()]));
        let denied = answer(FailureMode::Deny, false);
        let text = "ExternalSecret a/b: latchkey is busy and found no time to sync it; apply it again a little later";
        assert_eq!((denied.denied.as_deref(), denied.outcome), (Some(text), "denied"));
        for mode in [FailureMode::Warn, FailureMode::Deny] {
            let dry = answer(mode, true);
            let text = "ExternalSecret a/b: latchkey is busy: this dry run was not tried, and proves nothing";
            assert_eq!((dry.denied, dry.outcome, dry.warnings), (None, SHED, vec![text.to_owned()]));
        }
    }
}
