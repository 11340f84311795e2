//! The SDK's client with a login that is renewed when AWS no longer takes it.

use std::time::Duration;

use aws_sdk_secretsmanager::Client as Sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use latchkey_api::provider::Aws;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::config::Settings;
use super::failure;
use super::login::{self, Login};
use super::secrets_manager::NAME;
use super::wire::LeaveAlone;
use crate::refused_login::RefusedLogin;
use crate::{Error, ErrorKind, Scope};

/// Credentials that are refused are renewed at most this often, so that wrong ones do not double every request.
const RENEWAL: Duration = Duration::from_secs(10);

/// Requests to Secrets Manager on behalf of one store.
#[derive(Debug)]
pub struct Client {
    settings: Settings,
    block: Aws,
    scope: Scope,
    place: String,
    session: Mutex<Session>,
    /// Of [`Client::log_in`], which is asked for beside the reads.
    refused: RefusedLogin,
}

#[derive(Debug)]
struct Session {
    login: Login,
    sdk: Option<Sdk>,
    /// Counts the clients made, to tell whether another call has renewed it already.
    number: u64,
    renewed: Option<Instant>,
}

impl Client {
    /// Makes no request.
    pub fn new(settings: Settings, block: Aws, scope: Scope, login: Login) -> Self {
        let place = format!("AWS Secrets Manager in {}", settings.region);
        let session = Mutex::new(Session { login, sdk: None, number: 0, renewed: None });
        Self { settings, block, scope, place, session, refused: RefusedLogin::default() }
    }

    /// Where requests go, for messages.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// One request, and a second one with a new login if AWS refuses the credentials of the first.
    pub async fn call<T, E, F>(
        &self,
        name: &'static str,
        doing: &str,
        send: impl Fn(Sdk) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let (sdk, number) = self.sdk().await;
        let first = self.attempt(name, doing, send(sdk)).await;
        match first {
            Err(error) if error.kind == ErrorKind::Unauthenticated && self.renew(number).await => {
                let (sdk, _) = self.sdk().await;
                self.attempt(name, doing, send(sdk)).await
            }
            other => other,
        }
    }

    async fn attempt<T, E>(
        &self,
        name: &'static str,
        doing: &str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Error>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let began = Instant::now();
        let answer = request.await;
        self.settings.observer.call(NAME, name, answer.is_ok(), began.elapsed());
        answer.map_err(|error| failure::of_sdk(&error, doing, &self.place))
    }

    /// Gets credentials and forgets them.
    pub async fn log_in(&self) -> Result<(), Error> {
        match self.refused.lately() {
            Some(error) => Err(error),
            None => self.refused.note(self.try_login().await),
        }
    }

    async fn try_login(&self) -> Result<(), Error> {
        let login = self.session.lock().await.login.clone();
        login::had(&login.provider(&self.settings).await).await.map(|_| ())
    }

    async fn sdk(&self) -> (Sdk, u64) {
        let mut session = self.session.lock().await;
        if let Some(sdk) = &session.sdk {
            return (sdk.clone(), session.number);
        }
        let sdk = self.make(&session.login).await;
        session.sdk = Some(sdk.clone());
        session.number += 1;
        (sdk, session.number)
    }

    async fn make(&self, login: &Login) -> Sdk {
        let credentials = login.provider(&self.settings).await;
        let config = self.settings.with(credentials).await;
        let mut config = aws_sdk_secretsmanager::config::Builder::from(&config);
        if let Some(url) = &self.settings.shared.endpoints.secrets_manager {
            config.set_endpoint_url(Some(url.clone()));
        }
        Sdk::from_conf(config.retry_classifier(LeaveAlone).build())
    }

    /// Whether there is a new login to try: credentials read again from the cluster that are others, or roles and
    /// tokens to be had anew.
    async fn renew(&self, refused: u64) -> bool {
        let mut session = self.session.lock().await;
        if session.number != refused {
            return true; // another call has done it
        }
        if session.renewed.is_some_and(|at| at.elapsed() < RENEWAL) {
            return false;
        }
        session.renewed = Some(Instant::now());
        if let Some(namespace) = session.login.namespace() {
            self.settings.cluster.forget(namespace);
        }
        let Ok(login) = Login::resolve(&self.block, &self.scope, self.settings.cluster.as_ref()).await else {
            return false; // the refusal says more than what is wrong with the Secret now
        };
        if login == session.login && !login.renews() {
            return false;
        }
        session.login = login;
        session.sdk = None;
        true
    }
}
