use latchkey_api::external_secret::StoreKind;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
/// What is left of the API server's patience of five seconds.
const LEFT: Duration = Duration::from_millis(4_500);

fn store(name: &str) -> Store {
    Some(StoreKey { kind: StoreKind::ClusterSecretStore, namespace: None, name: name.into() })
}

struct Stage {
    room: Room<()>,
    now: Instant,
}

impl Stage {
    fn new(places: usize) -> Self {
        Self { room: Room::new(places), now: Instant::now() }
    }

    fn come(&mut self, name: &str) -> Coming {
        self.come_with(name, Patience::Half)
    }

    fn come_with(&mut self, name: &str, patience: Patience) -> Coming {
        self.room.come(&store(name), (self.now, self.now + LEFT), patience, || ())
    }

    /// So many come; how many of them got in, wait, were turned away.
    fn crowd(&mut self, name: &str, count: usize) -> (usize, usize, usize) {
        let came: Vec<Coming> = (0..count).map(|_| self.come(name)).collect();
        let of = |is: fn(&Coming) -> bool| came.iter().filter(|one| is(one)).count();
        (
            of(|one| matches!(one, Coming::In(_))),
            of(|one| matches!(one, Coming::Waits(_))),
            of(|one| *one == Coming::Away),
        )
    }

    /// One that measures: alone inside, for so long.
    fn took(&mut self, name: &str, took: Duration) {
        assert_eq!(self.come(name), Coming::In(1));
        self.room.leave(&store(name), 1, took);
    }

    fn turns(&mut self) -> usize {
        let now = self.now;
        std::iter::from_fn(|| self.room.turn(now)).filter(|turn| matches!(turn, Turn::In { .. })).count()
    }
}

#[test]
fn one_store_takes_half_of_the_places_and_leaves_the_rest_to_others() {
    let mut stage = Stage::new(64);
    ["slow", "other"].into_iter().for_each(|name| stage.took(name, Duration::from_millis(5)));
    assert_eq!(stage.crowd("slow", 40), (32, 8, 0));
    assert_eq!(stage.crowd("other", 20), (16, 4, 0));
    assert_eq!(stage.come("third"), Coming::In(1));
}

#[test]
fn of_a_store_that_nothing_is_known_of_few_come_in_until_the_first_leaves() {
    let mut stage = Stage::new(64);
    assert_eq!(stage.crowd("new", 20), (FEW, 20 - FEW, 0));
    stage.room.leave(&store("new"), 1, Duration::from_millis(5));
    assert_eq!(stage.turns(), 20 - FEW);
}

#[test]
fn a_single_place_is_one_place() {
    let mut stage = Stage::new(1);
    assert_eq!(stage.come("a"), Coming::In(1));
    assert!(matches!(stage.come("b"), Coming::Waits(_)));
    stage.room.leave(&store("a"), 1, SECOND);
    assert_eq!(stage.turns(), 1);
}

#[test]
fn who_would_not_be_done_in_time_is_turned_away_at_once() {
    let mut stage = Stage::new(64);
    stage.took("slow", SECOND); // alone
    // Eight are let in whatever was measured; the next would take nine seconds.
    assert_eq!(stage.crowd("slow", 20), (8, 0, 12));
    assert_eq!(stage.crowd("quick", 10), (8, 2, 0), "that is no reason to turn others away");
}

#[test]
fn a_store_that_answers_eight_at_once_is_given_as_many_as_it_can_serve() {
    let mut stage = Stage::new(64);
    stage.took("slow", SECOND);
    assert_eq!(stage.crowd("slow", 8).0, 8);
    (1..=8).for_each(|position| stage.room.leave(&store("slow"), position, SECOND));
    let (inside, waiting, away) = stage.crowd("slow", 64);
    assert!((8..=18).contains(&inside), "done within half of the time: {inside}");
    assert!(inside + waiting <= 36, "eight a second for four and a half: {inside} {waiting}");
    assert_eq!(inside + waiting + away, 64);
}

#[test]
fn who_comes_later_does_not_overtake_within_a_store() {
    let mut stage = Stage::new(2);
    assert_eq!(stage.come("a"), Coming::In(1));
    assert!(matches!(stage.come("a"), Coming::Waits(_)));
    assert_eq!(stage.come("b"), Coming::In(1), "others do");
    stage.room.leave(&store("b"), 1, Duration::ZERO);
    stage.room.leave(&store("a"), 1, Duration::ZERO);
    assert!(matches!(stage.come("a"), Coming::Waits(_)));
    assert_eq!(stage.turns(), 1);
}

#[test]
fn a_turn_that_comes_too_late_is_none() {
    let mut stage = Stage::new(32);
    stage.took("slow", Duration::from_millis(5));
    assert_eq!(stage.crowd("slow", 17), (16, 1, 0));
    for position in 1..=4 {
        stage.room.leave(&store("slow"), position, SECOND * 2);
    }
    stage.now += SECOND * 2;
    let turn = stage.room.turn(stage.now);
    assert!(matches!(turn, Some(Turn::Away)), "a dozen before it at half a second each: {turn:?}");
    assert_eq!(stage.room.waiting(), 0);
}

#[test]
fn who_insists_waits_though_there_is_little_hope_but_not_without_limit() {
    let mut stage = Stage::new(8);
    stage.took("slow", SECOND * 4);
    let mut coming = || stage.come_with("slow", Patience::Most);
    assert_eq!((0..4).filter(|_| matches!(coming(), Coming::In(_))).count(), 4);
    assert_eq!((0..100).filter(|_| matches!(coming(), Coming::Waits(_))).count(), 8 * WAITING);
    assert_eq!(coming(), Coming::Away);
}

#[test]
fn who_gives_up_leaves_no_trace() {
    let mut stage = Stage::new(1);
    assert_eq!(stage.come("a"), Coming::In(1));
    let Coming::Waits(number) = stage.come("a") else { panic!("it waits") };
    stage.room.give_up(number);
    stage.room.give_up(number);
    stage.room.leave(&store("a"), 1, Duration::ZERO);
    assert_eq!((stage.turns(), stage.room.waiting(), stage.room.taken()), (0, 0, 0));
    assert_eq!(stage.come("a"), Coming::In(1));
}

#[test]
fn stores_of_long_ago_are_forgotten() {
    let mut stage = Stage::new(64);
    (0..5_000).for_each(|number| stage.took(&number.to_string(), Duration::ZERO));
    assert!(stage.room.shares.len() <= REMEMBERED + 1);
}
