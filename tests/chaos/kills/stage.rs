//! Two replicas behind one address, of which one can be told at which step it dies. What has died is started again at once, as
//! a Deployment would.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use latchkey::failpoint::{FILE, Side, Step};

use crate::support::{Latchkey, Options, Splitter, World};

/// A Lease that is over soon, as its holder is killed again and again; and not so soon that on a busy machine each holder loses it
/// before it has done anything: the two would take turns for ever.
const SHORT_LEASE: [&str; 2] = ["--lease-duration=6s", "--lease-retry-period=250ms"];

/// How long a replica may take to come to a step, to lead or to be ready, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One of the two replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// The one that refreshes.
    Leader,
    /// The other.
    Follower,
}

/// A step, and the side of it on which a replica dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Point {
    /// The step.
    pub step: Step,
    /// The side.
    pub side: Side,
}

struct Replicas {
    both: [Latchkey; 2],
    /// Which of them alone answers the API server, if one does.
    answering: Option<usize>,
}

/// The end of a replica.
#[derive(Debug, Clone, Copy)]
pub struct Death {
    /// When it was seen.
    pub at: Instant,
    /// Whether it was the one that alone answered the API server.
    pub answered: bool,
}

/// The world, two replicas in it, and where they read what kills them.
pub struct Stage {
    /// The world; its own latchkey has ended.
    pub world: World,
    splitter: Splitter,
    armed: PathBuf,
    replicas: Mutex<Replicas>,
}

impl Stage {
    /// A world of one's own, with two replicas that are ready.
    pub fn start() -> Self {
        let mut world = World::start(Options::default());
        world.latchkey.kill();
        let splitter = Splitter::start();
        let armed = world.cluster.dir().join("failpoint");
        let start = || replica(&world, &splitter, &armed);
        let replicas = Mutex::new(Replicas { both: [start(), start()], answering: None });
        let stage = Self { world, splitter, armed, replicas };
        stage.recover();
        stage
    }

    /// Waits until both replicas are ready and one of them leads; both answer the API server then.
    pub fn recover(&self) {
        let mut replicas = self.replicas();
        replicas.both.iter().for_each(Latchkey::wait_ready);
        self.leader(&replicas);
        replicas.answering = None;
        self.splitter.send_to(&replicas.both.each_ref().map(|replica| replica.webhook_port));
    }

    /// From now on this one answers the API server, as long as it lives; nobody if none.
    pub fn answered_by(&self, who: Option<Who>) {
        let mut replicas = self.replicas();
        let leader = self.leader(&replicas);
        replicas.answering = who.map(|who| match who {
            Who::Leader => leader,
            Who::Follower => 1 - leader,
        });
        let ports: Vec<u16> =
            replicas.answering.iter().map(|which| replicas.both[*which].webhook_port).collect();
        self.splitter.send_to(&ports);
    }

    /// The replica that comes to this point for this object (`namespace/name`, or `*` for any) dies there.
    pub fn arm(&self, point: Point, object: &str) {
        let text = format!("{}:{} {object}", point.step.as_str(), point.side.as_str());
        // Replicas read it at any time: it is there as a whole or not at all.
        let new = self.armed.with_extension("new");
        std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &self.armed)).expect("armed");
    }

    /// Waits until a replica has died, and starts another in its place. The one that lives answers from now on, as with a
    /// Service.
    pub fn wait_death(&self) -> Death {
        let mut replicas = self.replicas();
        let dead = self.world.wait("the end of a replica", PATIENCE, || {
            replicas.both.iter_mut().position(|replica| replica.exited().is_some())
        });
        let death = Death { at: Instant::now(), answered: replicas.answering == Some(dead) };
        assert!(!self.armed.exists(), "a replica died, and not at the point that was armed");
        self.splitter.send_to(&[replicas.both[1 - dead].webhook_port]);
        replicas.both[dead] = replica(&self.world, &self.splitter, &self.armed);
        death
    }

    fn leader(&self, replicas: &Replicas) -> usize {
        self.world.wait("a leader", PATIENCE, || replicas.both.iter().position(Latchkey::leads))
    }

    fn replicas(&self) -> MutexGuard<'_, Replicas> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn replica(world: &World, splitter: &Splitter, armed: &std::path::Path) -> Latchkey {
    let options = Options {
        flags: SHORT_LEASE.map(str::to_owned).to_vec(),
        webhook_url: Some(format!("https://127.0.0.1:{}", splitter.port)),
        env: vec![(FILE.to_owned(), armed.display().to_string())],
        ..Options::default()
    };
    Latchkey::start(&world.cluster, &world.moto, options)
}
