//! Writes the CustomResourceDefinitions into `manifests/crds/`, one file each.
//!
//! `cargo run -p latchkey-api --example crds`

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests/crds");
    for crd in latchkey_api::crd::crds() {
        let file = directory.join(format!("{}.yaml", crd.spec.names.plural));
        std::fs::write(&file, latchkey_api::crd::crd_yaml(&crd)?)?;
    }
    Ok(())
}
