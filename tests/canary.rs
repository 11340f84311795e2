//! A value that nobody may see: it goes through every store and every failure, while latchkey logs all that it can, and
//! then everything that can be read is searched for it.

mod everywhere;
mod panics;
mod pushes;
mod scene;
pub mod search;
mod setup;

use scene::Scene;

#[test]
fn a_value_is_in_the_data_of_secrets_and_nowhere_else() {
    let scene = Scene::set();
    scene.succeed();
    scene.fail_to_read();
    scene.fail_to_render();
    scene.fail_to_write();
    scene.fail_at_others();
    scene.fail_to_log_in();
    scene.push();
    scene.refresh();
    scene.start_pods();
    scene.ask_wrongly();
    scene.delete();
    scene.stores_go_away();
    let targets = scene.search();
    let expected = ["aws", "vault", "kubernetes", "fake", "everything", "frozen", "canary-pushed"];
    assert!(expected.iter().all(|name| targets.iter().any(|target| target == name)), "{targets:?}");
}
