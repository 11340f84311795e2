//! `latchkey render`: Secrets from ExternalSecrets, and what PushSecrets push.

mod fans;
mod given;
mod pushed;
mod world;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use given::Connects;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use latchkey_api::external_secret::{CreationPolicy, DeletionPolicy, ExternalSecret};
use latchkey_api::push_secret::PUSH_VERSION;
use latchkey_api::store::SecretStoreSpec;
use latchkey_api::{ClusterExternalSecret, ClusterPushSecret, GROUP, OLD_VERSION, PushSecret, VERSION};
use latchkey_provider::{Connector, observe};
use pushed::Sources;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use world::{World, values};

use super::manifests::{self, Manifests, Object};
use super::verify::{self, NO_NAMESPACE};
use super::write_templates_with;
use crate::config::Delimiters;
use crate::engine::apply::SecretWriter;
use crate::engine::fetch::Unobserved;
use crate::engine::{Deadline, Engine, Error as SyncError, Rendered, Settings, manifest};

/// How long one object may take: some functions of templates are slow on purpose.
const LIMIT: Duration = Duration::from_secs(60);

/// The flags of `latchkey render`.
#[derive(Debug, Args)]
pub(super) struct Render {
    /// A file of manifests, or a directory of them; - is standard input. May be given several times. ConfigMaps and Secrets
    /// among them serve templateFrom, Secrets what is pushed, and Namespaces what is made in many.
    #[arg(short = 'f', long = "filename", required = true, value_name = "PATH")]
    files: Vec<PathBuf>,

    /// The remote values: a map of YAML or JSON from remote key to value. A value is a text, or a map that stands for its JSON.
    /// KEY@VERSION gives a version a value of its own. What is only pushed needs none.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,

    /// Only the objects of this name.
    #[arg(long)]
    name: Option<String>,

    /// How the Secrets are printed.
    #[arg(short, long, value_enum, default_value_t = Output::Yaml)]
    output: Output,

    /// Print values that are text as they are, under stringData.
    #[arg(long)]
    plain: bool,

    #[command(flatten)]
    delimiters: Delimiters,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    /// One document for each.
    Yaml,
    /// The object, or a List of several.
    Json,
}

/// What is rendered of an object of the files.
enum Wanted {
    Secrets(Vec<ExternalSecret>),
    Pushes(Vec<PushSecret>),
}

/// What has come of everything.
#[derive(Default)]
struct Rendering {
    printed: Vec<Value>,
    failed: bool,
}

impl Rendering {
    fn take(&mut self, object: &Object, made: Result<Option<Value>, SyncError>) {
        match made {
            Ok(made) => self.printed.extend(made),
            Err(error) => {
                self.failed = true;
                eprintln!("{}", verify::failure(object, &error));
            }
        }
    }
}

impl Render {
    /// Prints what can be made, and says of each object of which it cannot why.
    pub(super) fn run(self) -> Result<ExitCode, Box<dyn Error>> {
        let Self { files, data, name, output, plain, delimiters } = self;
        write_templates_with(&delimiters);
        let manifests = Manifests::read(&files)?;
        if let Some(broken) = manifests.broken.first() {
            return Err(format!("{}:{}: {}", broken.file, broken.why.line, broken.why.why).into());
        }
        let is_wanted = |object: &&Object| {
            is_rendered(object) && name.as_deref().is_none_or(|name| object.name() == name)
        };
        let wanted: Vec<_> = manifests.objects.iter().filter(is_wanted).collect();
        if wanted.is_empty() {
            let name = name.map(|name| format!(" {name:?}")).unwrap_or_default();
            let why =
                format!("no ExternalSecret{name}, nor anything else that is rendered, is in these manifests");
            return Err(why.into());
        }
        let mut rendering = Rendering::default();
        let mut readable: Vec<(&Object, Wanted)> = Vec::new();
        for object in wanted {
            let errors = verify::errors(object);
            errors.iter().for_each(|error| eprintln!("{error}"));
            rendering.failed |= !errors.is_empty();
            let read = read(object, &manifests.objects).filter(|_| errors.is_empty());
            readable.extend(read.map(|read| (object, read)));
        }
        let values = match &data {
            Some(data) => values(given(data)?).map_err(|error| format!("{}: {error}", data.display()))?,
            None => values(Map::new())?,
        };
        let world = Arc::new(World::new(&manifests.objects));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let engine = runtime.block_on(async { engine(&world, values) });
        runtime.block_on(render(&engine, &manifests.objects, readable, plain, &mut rendering));
        super::print(&printed(&rendering.printed, output)?)?;
        Ok(if rendering.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// First the Secrets, which may be pushed, then what is pushed.
async fn render(
    engine: &Engine,
    objects: &[Object],
    wanted: Vec<(&Object, Wanted)>,
    plain: bool,
    rendering: &mut Rendering,
) {
    let mut sources = Sources::of(objects);
    for (object, wanted) in &wanted {
        let Wanted::Secrets(all) = wanted else { continue };
        for one in all {
            let namespace = one.metadata.namespace.clone();
            let mut one = one.clone();
            one.metadata.namespace.get_or_insert_with(|| NO_NAMESPACE.to_owned());
            let made = engine.preview(&one, Deadline::after(LIMIT)).await;
            let made = made.and_then(|made| {
                sources.add(&made);
                written((object, namespace.as_deref()), &made, plain)
            });
            rendering.take(object, made);
        }
    }
    for (object, wanted) in &wanted {
        let Wanted::Pushes(all) = wanted else { continue };
        for one in all {
            let deadline = Deadline::after(LIMIT);
            let made = pushed::pushed(engine, one, (objects, &sources), plain, deadline).await;
            rendering.take(object, made.map(Some));
        }
    }
}

fn is_rendered(object: &Object) -> bool {
    let versions: &[&str] = match object.kind() {
        "ExternalSecret" | "ClusterExternalSecret" => &[VERSION, OLD_VERSION],
        "PushSecret" | "ClusterPushSecret" => &[PUSH_VERSION],
        _ => &[],
    };
    versions.iter().any(|version| object.text("/apiVersion") == format!("{GROUP}/{version}"))
}

fn read(object: &Object, all: &[Object]) -> Option<Wanted> {
    let value = &object.value;
    Some(match object.kind() {
        "ExternalSecret" => Wanted::Secrets(vec![ExternalSecret::deserialize(value).ok()?]),
        "PushSecret" => Wanted::Pushes(vec![PushSecret::deserialize(value).ok()?]),
        "ClusterPushSecret" => Wanted::Pushes(fans::made(&ClusterPushSecret::deserialize(value).ok()?, all)),
        _ => Wanted::Secrets(fans::made(&ClusterExternalSecret::deserialize(value).ok()?, all)),
    })
}

fn given(data: &Path) -> Result<Map<String, Value>, Box<dyn Error>> {
    match manifests::value(&manifests::text(data)?) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(format!("{}: this is no map of remote keys to values", data.display()).into())
        }
        Err(why) => Err(format!("{}:{}: {}", data.display(), why.line, why.why).into()),
    }
}

fn engine(world: &Arc<World>, values: SecretStoreSpec) -> Engine {
    let connector = Connector::new(world.clone(), Arc::new(observe::Unobserved));
    let (writer, settings) = (SecretWriter::nowhere(), Settings::default());
    let connects = Connects { connector, values };
    Engine::new(world.clone(), connects, world.clone(), writer, settings, Arc::new(Unobserved))
}

/// The Secret, or the other object; none where none is made, of which a line is said.
fn written(
    (object, namespace): (&Object, Option<&str>),
    rendered: &Rendered,
    plain: bool,
) -> Result<Option<Value>, SyncError> {
    let none = match (rendered.creation, rendered.deletion) {
        (CreationPolicy::None, _) => Some("creationPolicy None makes no Secret"),
        (_, DeletionPolicy::Delete) if rendered.provider_empty => {
            Some("nothing is there, so deletionPolicy Delete makes no Secret")
        }
        _ => None,
    };
    for missing in &rendered.missing {
        eprintln!("{}", verify::note(object, format!("{:?} is not in the data", missing.key)));
    }
    if let Some(none) = none {
        eprintln!("{}", verify::note(object, none.to_owned()));
        return Ok(None);
    }
    match &rendered.manifest {
        Some(manifest) => {
            let mut made = manifest::object(rendered, manifest)?;
            if let Some(namespace) = namespace {
                made["metadata"]["namespace"] = json!(namespace);
            }
            Ok(Some(made))
        }
        None => Ok(Some(json!(secret(namespace, rendered, plain)))),
    }
}

fn secret(namespace: Option<&str>, rendered: &Rendered, plain: bool) -> Secret {
    let (mut texts, mut data) = (BTreeMap::new(), BTreeMap::new());
    for (key, value) in &rendered.data {
        match value.expose_str().filter(|_| plain) {
            Some(text) => drop(texts.insert(key.clone(), text.to_owned())),
            None => drop(data.insert(key.clone(), ByteString(value.expose().to_vec()))),
        }
    }
    Secret {
        metadata: ObjectMeta {
            name: Some(rendered.name.clone()),
            namespace: namespace.map(str::to_owned),
            labels: Some(rendered.labels.clone()).filter(|labels| !labels.is_empty()),
            annotations: Some(rendered.annotations.clone()).filter(|annotations| !annotations.is_empty()),
            finalizers: Some(rendered.finalizers.clone()).filter(|finalizers| !finalizers.is_empty()),
            ..ObjectMeta::default()
        },
        type_: Some(rendered.type_.clone().unwrap_or_else(|| "Opaque".to_owned())),
        immutable: rendered.immutable.then_some(true),
        data: Some(data).filter(|data| !data.is_empty()),
        string_data: Some(texts).filter(|texts| !texts.is_empty()),
    }
}

fn printed(secrets: &[Value], output: Output) -> Result<String, Box<dyn Error>> {
    match (output, secrets) {
        (Output::Yaml, _) => {
            let documents: Result<Vec<_>, _> = secrets.iter().map(serde_saphyr::to_string).collect();
            Ok(documents?.join("---\n"))
        }
        (Output::Json, [one]) => Ok(format!("{}\n", serde_json::to_string_pretty(one)?)),
        (Output::Json, several) => {
            let list = json!({ "apiVersion": "v1", "kind": "List", "items": several });
            Ok(format!("{}\n", serde_json::to_string_pretty(&list)?))
        }
    }
}
