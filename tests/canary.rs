//! A value that nobody may see: it goes through every store and every failure, while latchkey logs all that it can, and
//! then everything that can be read is searched for it.

mod echo;
mod everywhere;
mod generators;
mod objects;
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
    scene.generate();
    scene.write_objects();
    scene.push();
    scene.push_generated();
    scene.refresh();
    scene.start_pods();
    scene.ask_wrongly();
    scene.delete();
    scene.stores_go_away();
    let targets = scene.search();
    for name in [
        "aws",
        "vault",
        "kubernetes",
        "fake",
        "everything",
        "frozen",
        "canary-pushed",
        "canary-generated",
        "made-password",
        "made-ssh",
        "made-vault-token",
        "made-webhook",
        "made-github",
        "made-sts",
        "object-mine",
        "object-moved",
    ] {
        assert!(targets.iter().any(|target| target == name), "{name} is not among {targets:?}");
    }
}
