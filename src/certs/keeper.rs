//! Keeps the certificate that is served, and the CA that is registered, as they should be.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::Either;
use futures::{StreamExt as _, stream};
use kube::runtime::{WatchStreamExt as _, watcher};
use tokio::sync::{Mutex, watch};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::files::Files;
use super::own::Own;
use super::{Error, material};
use crate::http::tls::{Resolver, certified_key};
use crate::metrics::Metrics;
use crate::telemetry::chain;

/// How often the source is read again, though nothing was said to have changed. The kubelet exchanges mounted files
/// without a word that could be relied on.
const PERIOD: Duration = Duration::from_secs(30);

/// The CAs to register in PEM; none if the registered ones are somebody else's.
pub type CaBundle = Option<Arc<str>>;

/// What a source holds.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Loaded {
    /// Where it is from, for messages.
    pub(super) origin: String,
    /// The chain in PEM, leaf first.
    pub(super) chain: Vec<u8>,
    /// The key in PEM.
    pub(super) key: Vec<u8>,
    /// The CAs in PEM, if known.
    pub(super) bundle: Option<String>,
}

/// Where certificates come from.
enum Source {
    Own(Own),
    Files(Files),
}

/// The certificate that is served and the CAs that are registered.
pub struct Certificates {
    source: Source,
    resolver: Arc<Resolver>,
    bundle: watch::Sender<CaBundle>,
    metrics: Arc<Metrics>,
    /// What is served now; held while it is exchanged, so that no older one follows a newer one.
    served: Mutex<Option<Loaded>>,
}

impl Certificates {
    /// latchkey as its own CA.
    pub fn own(own: Own, metrics: Arc<Metrics>) -> Self {
        Self::new(Source::Own(own), metrics)
    }

    /// Files of somebody else's.
    pub fn files(files: Files, metrics: Arc<Metrics>) -> Self {
        Self::new(Source::Files(files), metrics)
    }

    fn new(source: Source, metrics: Arc<Metrics>) -> Self {
        let (resolver, bundle) = (Arc::default(), watch::Sender::default());
        Self { source, resolver, bundle, metrics, served: Mutex::default() }
    }

    /// What handshakes get.
    pub fn resolver(&self) -> Arc<Resolver> {
        self.resolver.clone()
    }

    /// The CAs to register, and whenever they change.
    pub fn bundle(&self) -> watch::Receiver<CaBundle> {
        self.bundle.subscribe()
    }

    /// Reads the source, and serves what it holds if that can be served; else what was served before stays.
    ///
    /// # Errors
    /// The source cannot be read, or what it holds cannot be served.
    pub async fn refresh(&self) -> Result<(), Error> {
        let mut served = self.served.lock().await;
        let loaded = match &self.source {
            Source::Own(own) => own.load().await?,
            Source::Files(files) => files.load().await?,
        };
        if served.as_ref() != Some(&loaded) {
            self.serve(&loaded)?;
            *served = Some(loaded);
        }
        Ok(())
    }

    fn serve(&self, loaded: &Loaded) -> Result<(), Error> {
        let pair = certified_key(&loaded.chain, &loaded.key)
            .map_err(|source| Error::Pair { origin: loaded.origin.clone(), source })?;
        let not_after = material::not_after(&loaded.chain);
        self.resolver.set(pair);
        self.bundle.send_replace(loaded.bundle.as_deref().map(Arc::from));
        if let Some(end) = not_after {
            self.metrics.tls_not_after(end);
        }
        tracing::info!(
            origin = loaded.origin,
            not_after = not_after.map(tracing::field::display),
            "serving a certificate"
        );
        Ok(())
    }

    /// Refreshes whenever the source may have changed.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut changes = pin!(self.changes().take_until(stop.cancelled_owned()));
        while changes.next().await.is_some() {
            if let Err(error) = self.refresh().await {
                tracing::warn!(
                    error = chain(&error),
                    "cannot refresh the webhook's certificate; what was served stays"
                );
            }
        }
    }

    /// A beat for each change of the Secret, and one each period.
    fn changes(&self) -> impl futures::Stream<Item = ()> + use<> {
        let mut period = tokio::time::interval(PERIOD);
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let periods = stream::unfold(period, |mut period| async {
            period.tick().await;
            Some(((), period))
        });
        let watched = match &self.source {
            Source::Own(own) => {
                let (api, name) = own.watched();
                let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
                let events = watcher(api, config).default_backoff().touched_objects();
                Either::Left(events.filter_map(|event| async { event.ok().map(drop) }))
            }
            Source::Files(_) => Either::Right(stream::empty()),
        };
        stream::select(periods, watched)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use jiff::Timestamp;

    use super::*;
    use crate::certs::issue::{self, Names};

    fn write(folder: &Path, ca: &issue::Pair, name: &str) {
        let names = Names::from_iter([name]);
        let leaf = issue::leaf(&ca.certificate, &ca.key, names, Timestamp::now()).expect("a certificate");
        std::fs::write(folder.join("tls.crt"), leaf.certificate).expect("written");
        std::fs::write(folder.join("tls.key"), leaf.key).expect("written");
        std::fs::write(folder.join("ca.crt"), &ca.certificate).expect("written");
    }

    fn certificates(folder: &Path) -> Certificates {
        use clap::Parser as _;
        #[derive(clap::Parser)]
        struct Flags {
            #[command(flatten)]
            config: crate::config::Config,
        }
        let file = |name| folder.join(name).display().to_string();
        let flags = [("--tls-cert-file", "tls.crt"), ("--tls-key-file", "tls.key"), ("--ca-file", "ca.crt")];
        let flags = flags.into_iter().flat_map(|(flag, name)| [flag.to_owned(), file(name)]);
        let config = Flags::parse_from(std::iter::once("latchkey".to_owned()).chain(flags)).config;
        Certificates::files(Files::of(&config).expect("files"), Arc::default())
    }

    #[tokio::test]
    async fn a_bad_pair_leaves_the_good_one_in_use() {
        let folder = tempfile::tempdir().expect("a folder");
        let ca = issue::authority(Timestamp::now()).expect("a CA");
        write(folder.path(), &ca, "first");
        let certificates = certificates(folder.path());
        certificates.refresh().await.expect("served");
        assert_eq!(certificates.bundle().borrow().as_deref(), Some(ca.certificate.as_str()));

        std::fs::write(folder.path().join("tls.crt"), "junk").expect("written");
        let error = certificates.refresh().await.expect_err("no certificate");
        assert!(chain(&error).contains("there is no certificate in the PEM"), "{}", chain(&error));
        assert!(certificates.resolver().is_set());

        write(folder.path(), &ca, "second");
        certificates.refresh().await.expect("served again");
    }

    /// As a kubelet does: the files are links into `..data`, which is a link that is exchanged.
    #[tokio::test]
    async fn follows_a_mounted_secret_through_two_rotations() {
        let folder = tempfile::tempdir().expect("a folder");
        let ca = issue::authority(Timestamp::now()).expect("a CA");
        for file in ["tls.crt", "tls.key", "ca.crt"] {
            symlink(Path::new("..data").join(file), folder.path().join(file)).expect("a link");
        }
        let certificates = certificates(folder.path());
        for version in ["1", "2", "3"] {
            let mounted = folder.path().join(version);
            std::fs::create_dir(&mounted).expect("a folder");
            write(&mounted, &ca, version);
            symlink(version, folder.path().join("..new")).expect("a link");
            std::fs::rename(folder.path().join("..new"), folder.path().join("..data")).expect("renamed");
            certificates.refresh().await.expect("served");
            let served = certificates.served.lock().await.clone().expect("a pair");
            assert_eq!(
                served.chain,
                std::fs::read(mounted.join("tls.crt")).expect("read"),
                "version {version}"
            );
        }
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named_with_its_flag() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = chain(&certificates(folder.path()).refresh().await.expect_err("no files"));
        assert!(error.contains("--ca-file") && error.contains("ca.crt"), "{error}");
    }
}
