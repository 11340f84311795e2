//! Keeps the certificate that is served, and the CA that is registered, as they should be.

use std::pin::pin;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use futures::future::Either;
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use kube::runtime::{WatchStreamExt as _, watcher};
use rustls::sign::CertifiedKey;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, MissedTickBehavior, sleep};
use tokio_util::sync::CancellationToken;

use super::Error;
use super::files::Files;
use super::material::{self, Validity};
use super::own::Own;
use super::served::{both, unfit};
use crate::http::tls::{Resolver, certified_key};
use crate::metrics::Metrics;
use crate::telemetry::chain;

/// How often files are read again. The kubelet exchanges mounted ones without a word that could be relied on.
const FILES_PERIOD: Duration = Duration::from_secs(2);

/// How often the Secret is read again, though its watch said nothing.
const SECRET_PERIOD: Duration = Duration::from_secs(30);

/// How long every API server has known of a CA before what it signed is served, if something else can be served
/// meanwhile.
const NOTICED: Duration = Duration::from_secs(5);

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

/// What the registration says.
#[derive(Clone)]
struct Registered {
    bundle: Arc<str>,
    since: Instant,
}

/// The certificate that is served and the CAs that are registered.
pub struct Certificates {
    source: Source,
    resolver: Arc<Resolver>,
    bundle: watch::Sender<CaBundle>,
    metrics: Arc<Metrics>,
    /// What is served now; held while it is exchanged, so that no older one follows a newer one.
    served: Mutex<Option<Loaded>>,
    /// None while nobody registers, or nobody has said so.
    registered: StdMutex<Option<Registered>>,
    /// Whether another certificate waits until its CA is known.
    waits: watch::Sender<bool>,
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
        Self {
            source,
            resolver: Arc::default(),
            bundle: watch::Sender::default(),
            metrics,
            served: Mutex::default(),
            registered: StdMutex::default(),
            waits: watch::Sender::default(),
        }
    }

    /// What handshakes get.
    pub fn resolver(&self) -> Arc<Resolver> {
        self.resolver.clone()
    }

    /// The CAs to register, and whenever they change.
    pub fn bundle(&self) -> watch::Receiver<CaBundle> {
        self.bundle.subscribe()
    }

    /// These CAs are registered now. From here on a certificate that none of them signed waits until they are others.
    pub fn registered(&self, bundle: &str) {
        let mut registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        if registered.as_ref().is_none_or(|before| *before.bundle != *bundle) {
            *registered = Some(Registered { bundle: bundle.into(), since: Instant::now() });
        }
    }

    /// Reads the source, and serves what it holds if that can be served; else what was served before stays.
    ///
    /// # Errors
    /// The source cannot be read, or what it holds cannot be served.
    pub async fn refresh(&self) -> Result<(), Error> {
        let mut served = self.served.lock().await;
        let mut refreshed = self.follow(&mut served).await;
        if refreshed.is_err() && matches!(self.source, Source::Files(_)) {
            // Files may be exchanged between one that was read and the next.
            refreshed = self.follow(&mut served).await;
        }
        self.metrics.certificate_refresh_failed(refreshed.is_err());
        refreshed
    }

    async fn follow(&self, served: &mut Option<Loaded>) -> Result<(), Error> {
        let loaded = match &self.source {
            Source::Own(own) => own.load().await?,
            Source::Files(files) => files.load().await?,
        };
        if served.as_ref() == Some(&loaded) {
            self.publish(loaded.bundle.as_deref().map(Arc::from));
            self.waits.send_replace(false);
            return Ok(());
        }
        let now = Timestamp::now();
        let pair = certified_key(&loaded.chain, &loaded.key)
            .map_err(|source| Error::Pair { origin: loaded.origin.clone(), source })?;
        let before = served.as_ref().filter(|before| unfit(before, now).is_none());
        if let (Some(source), Some(_)) = (unfit(&loaded, now), before) {
            return Err(Error::Unfit { origin: loaded.origin, source });
        }
        let waits = before.is_some() && !self.is_known(&loaded, now);
        if waits {
            self.publish(both(loaded.bundle.as_deref(), before.and_then(|before| before.bundle.as_deref())));
        } else {
            self.serve(pair, &loaded, now);
            *served = Some(loaded);
        }
        self.waits.send_replace(waits);
        Ok(())
    }

    /// Whether the API servers believe the certificate, as far as that is ours to know.
    fn is_known(&self, loaded: &Loaded, now: Timestamp) -> bool {
        let registered = self.registered.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (Some(registered), Some(_)) = (registered, &loaded.bundle) else { return true };
        registered.since.elapsed() >= NOTICED && material::is_trusted(&loaded.chain, &registered.bundle, now)
    }

    fn serve(&self, pair: CertifiedKey, loaded: &Loaded, now: Timestamp) {
        let until = material::valid(&loaded.chain).map(|Validity { until, .. }| until);
        self.resolver.set(pair);
        self.publish(loaded.bundle.as_deref().map(Arc::from));
        if let Some(until) = until {
            self.metrics.certificate_expiry(until);
        }
        let origin = &loaded.origin;
        if let Some(why) = unfit(loaded, now) {
            tracing::error!(
                origin,
                error = chain(&why),
                "serving a certificate that is of no use: there is no other"
            );
        } else {
            tracing::info!(origin, not_after = until.map(tracing::field::display), "serving a certificate");
        }
    }

    fn publish(&self, bundle: CaBundle) {
        self.bundle.send_if_modified(|before| {
            let changed = *before != bundle;
            *before = bundle;
            changed
        });
    }

    /// Refreshes whenever the source may have changed.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut changes = pin!(self.changes().take_until(stop.cancelled_owned()));
        let mut said = String::new();
        loop {
            tokio::select! {
                beat = changes.next() => if beat.is_none() { return },
                () = self.wakes() => {}
            }
            said = self.refresh().await.err().map(|error| say(&error, &said)).unwrap_or_default();
        }
    }

    /// When the registration may have been known for long enough.
    async fn wakes(&self) {
        let mut waits = self.waits.subscribe();
        if waits.wait_for(|waits| *waits).await.is_ok() {
            sleep(NOTICED / 2).await;
        }
    }

    /// A beat for each change of the Secret, and one each period.
    fn changes(&self) -> impl futures::Stream<Item = ()> + use<> {
        let (every, watched) = match &self.source {
            Source::Own(own) => {
                let (api, name) = own.watched();
                let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
                let events = watcher(api, config).default_backoff().touched_objects();
                (SECRET_PERIOD, Either::Left(events.filter_map(|event| async { event.ok().map(drop) })))
            }
            Source::Files(_) => (FILES_PERIOD, Either::Right(stream::empty())),
        };
        let mut period = tokio::time::interval(every);
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let periods = stream::unfold(period, |mut period| async {
            period.tick().await;
            Some(((), period))
        });
        stream::select(periods, watched)
    }
}

/// Says what is wrong, once for as long as it stays the same.
fn say(error: &Error, before: &str) -> String {
    let text = chain(error);
    if text != before {
        tracing::warn!(error = text, "cannot refresh the webhook's certificate; what was served stays");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use jiff::Timestamp;

    use super::*;
    use crate::certs::issue::{self, Names};

    fn write(folder: &Path, ca: &issue::Pair, name: &str) {
        write_at(folder, ca, name, Timestamp::now());
    }

    fn write_at(folder: &Path, ca: &issue::Pair, name: &str, made: Timestamp) {
        let names = Names::from_iter([name]);
        let leaf = issue::leaf(&ca.certificate, &ca.key, names, made).expect("a certificate");
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

    #[tokio::test]
    async fn what_clients_would_refuse_is_served_only_if_there_is_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let now = Timestamp::now();
        let long_ago = now - jiff::SignedDuration::from_hours(24 * 31);
        let soon = now + jiff::SignedDuration::from_hours(24);
        let (ca, other) = (issue::authority(long_ago).expect("a CA"), issue::authority(now).expect("a CA"));
        write_at(folder.path(), &ca, "first", long_ago);
        let certificates = certificates(folder.path());
        certificates.refresh().await.expect("there is nothing better");
        write(folder.path(), &ca, "second");
        certificates.refresh().await.expect("better");
        for (time, expected) in [(long_ago, "ended at"), (soon, "is not valid before")] {
            write_at(folder.path(), &ca, "third", time);
            let error = chain(&certificates.refresh().await.expect_err("of no use"));
            assert!(error.contains(expected), "{error}");
        }
        write(folder.path(), &ca, "fourth");
        std::fs::write(folder.path().join("ca.crt"), &other.certificate).expect("written");
        let error = chain(&certificates.refresh().await.expect_err("of no use"));
        assert!(error.contains("not signed by the CA beside it"), "{error}");
        assert_eq!(certificates.bundle().borrow().as_deref(), Some(ca.certificate.as_str()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_certificate_waits_until_its_ca_has_been_registered_for_a_while() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = || issue::authority(Timestamp::now()).expect("a CA");
        let (first, second) = (authority(), authority());
        write(folder.path(), &first, "name");
        let certificates = certificates(folder.path());
        certificates.refresh().await.expect("served");
        certificates.registered(&first.certificate);
        write(folder.path(), &second, "name");
        let next = std::fs::read(folder.path().join("tls.crt")).expect("read");
        let serves = async || {
            certificates.refresh().await.expect("read");
            certificates.served.lock().await.as_ref().is_some_and(|served| served.chain == next)
        };
        assert!(!serves().await);
        let bundle = certificates.bundle().borrow().clone().expect("CAs");
        assert_eq!(*bundle, second.certificate.clone() + &first.certificate);
        tokio::time::advance(NOTICED * 2).await;
        assert!(!serves().await, "it is not registered yet");
        certificates.registered(&bundle);
        assert!(!serves().await, "not every API server may know it yet");
        tokio::time::advance(NOTICED).await;
        assert!(serves().await);
        assert_eq!(certificates.bundle().borrow().as_deref(), Some(second.certificate.as_str()));
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
