//! Which deaths are tried: a table.

use latchkey::failpoint::{Side, Step};

use super::stage::{Point, Who};
use crate::chaos::scale;

/// What is done to the ExternalSecret while a replica dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Create,
    /// It reads another key.
    Update,
    /// Its target gets another name.
    Rename,
    /// It is new and refused by somebody after us; then the time is up.
    RefusedCreate,
    /// It reads another key and is refused; then the time is up.
    RefusedUpdate,
    /// It is new, and comes when the leader has just died.
    WithoutLeader,
}

impl Change {
    /// Whether it is new.
    pub fn is_create(self) -> bool {
        matches!(self, Self::Create | Self::RefusedCreate | Self::WithoutLeader)
    }

    /// Whether it is not stored in the end.
    pub fn is_refused(self) -> bool {
        matches!(self, Self::RefusedCreate | Self::RefusedUpdate)
    }
}

/// One death.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Where.
    pub point: Point,
    /// While what is done.
    pub change: Change,
    /// Who answers the API server; none if nobody does, so that the leader has all of it to do.
    pub answering: Option<Who>,
}

impl Case {
    /// Whether it is the answering replica that comes to the point; else it is the leader.
    pub fn is_for_whoever_answers(&self) -> bool {
        let admitting = matches!(self.point.step, Step::Fetch | Step::SecretWrite | Step::Answer);
        admitting && self.answering.is_some() && !self.change.is_refused()
    }

    /// Whether the Secret is there when the change has been stored.
    pub fn is_written_at_once(&self) -> bool {
        let before_it = Point { step: Step::SecretWrite, side: Side::Before };
        self.answering.is_some() && self.point.step != Step::Fetch && self.point != before_it
    }
}

impl Point {
    /// The object that a replica is to come to this point for.
    pub fn object(self, namespace: &str, name: &str) -> String {
        match self.step {
            Step::Lease => "latchkey-system/latchkey".to_owned(),
            Step::Fetch
            | Step::SecretWrite
            | Step::OldTarget
            | Step::Answer
            | Step::Adoption
            | Step::Status
            | Step::Event
            | Step::TakeBack => format!("{namespace}/{name}"),
        }
    }
}

/// In the short form each side of each step once, by turns at a leader and a follower, in a create and an update.
pub fn selection() -> Vec<Case> {
    let all = cases();
    let mut chosen: Vec<Case> = Vec::new();
    for case in &all {
        if !chosen.iter().any(|other| other.point == case.point) {
            chosen.push(*case);
        }
    }
    scale(chosen, all)
}

const EITHER: [Option<Who>; 2] = [Some(Who::Follower), Some(Who::Leader)];

fn cases() -> Vec<Case> {
    use Change::{Create, RefusedCreate, RefusedUpdate, Rename, Update, WithoutLeader};
    let mut cases = Vec::new();
    for (at, step) in [Step::Fetch, Step::SecretWrite, Step::Answer].into_iter().enumerate() {
        for (change, answering) in both_changes(at) {
            cases.extend(both_sides(step, change, answering));
        }
    }
    for (at, step) in [Step::Adoption, Step::Status, Step::Event].into_iter().enumerate() {
        cases.extend(both_changes(at).flat_map(|(change, who)| both_sides(step, change, who)));
    }
    for step in [Step::Fetch, Step::SecretWrite, Step::Status] {
        cases.extend([Create, Update].into_iter().flat_map(|c| both_sides(step, c, None)));
    }
    for answering in EITHER.into_iter().chain([None]) {
        cases.extend(both_sides(Step::OldTarget, Rename, answering));
    }
    for answering in EITHER {
        cases.extend(both_sides(Step::TakeBack, RefusedCreate, answering));
        cases.extend(both_sides(Step::SecretWrite, RefusedUpdate, answering));
    }
    cases.extend(both_sides(Step::Lease, WithoutLeader, EITHER[0]));
    cases
}

/// Creates and updates, at either replica; which of them comes first takes turns.
fn both_changes(turn: usize) -> impl Iterator<Item = (Change, Option<Who>)> {
    let mut changes = [Change::Create, Change::Update];
    changes.rotate_left(turn % 2);
    let mut who = EITHER;
    who.rotate_left(turn / 2 % 2);
    who.into_iter().flat_map(move |who| changes.map(|change| (change, who)))
}

fn both_sides(step: Step, change: Change, answering: Option<Who>) -> [Case; 2] {
    [Side::Before, Side::After].map(|side| Case { point: Point { step, side }, change, answering })
}
