//! The client's token: logged in for once, kept, renewed at two thirds of its lease, revoked at the end.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use vaultrs::api::token::requests::{LookupTokenSelfRequest, RenewTokenSelfRequest, RevokeTokenSelfRequest};

use super::failure::Purpose;
use super::http::{Answer, Call, Http};
use super::login::Login;
use super::request::Request;
use crate::refused_login::RefusedLogin;
use crate::{Error, ErrorKind, SecretBytes};

/// How a client comes to its token.
#[derive(Debug)]
pub enum Credential {
    /// None: the address is that of a Vault Agent or proxy that adds its own.
    Nothing,
    /// A token that somebody else made and keeps alive.
    Token(SecretBytes),
    /// A login.
    Login(Login),
}

/// A token from a login.
#[derive(Debug)]
struct Session {
    token: SecretBytes,
    /// What the login granted; a renewal that grants less than half of it has met the token's maximum.
    lease: Duration,
    renewable: bool,
    renew_at: Option<Instant>,
    expires: Option<Instant>,
}

/// Keeper of the token of one connection. Whoever needs a token while a login is under way waits for that login, and
/// shares its failure.
#[derive(Debug)]
pub struct Keeper {
    http: Arc<Http>,
    credential: Credential,
    namespace: Option<HeaderValue>,
    state: Mutex<State>,
    refused: RefusedLogin,
    lasting: bool,
}

#[derive(Debug, Default)]
struct State {
    session: Option<Session>,
    failure: Option<(Instant, Error)>,
}

impl Keeper {
    /// A keeper that logs in at the first need, in this namespace of Vault.
    pub fn new(http: Arc<Http>, credential: Credential, namespace: Option<HeaderValue>) -> Self {
        let refused = match &credential {
            Credential::Login(login) if login.may_be_locked() => RefusedLogin::of_lockable(),
            Credential::Nothing | Credential::Token(_) | Credential::Login(_) => RefusedLogin::default(),
        };
        Self { http, credential, namespace, state: Mutex::default(), refused, lasting: false }
    }

    /// The same, whose token is not revoked at its end: with a token goes what was made by it.
    pub fn lasting(mut self) -> Self {
        self.lasting = true;
        self
    }

    /// Whether less than a tenth of its token's life is over. One that is being fetched just now is the youngest there is.
    #[cfg(feature = "generators")]
    pub fn has_young_token(&self) -> bool {
        let state = self.state.try_lock();
        let session = state.as_ref().ok().and_then(|state| state.session.as_ref());
        session.is_none_or(|live| {
            live.expires.is_none_or(|end| end.duration_since(Instant::now()) >= live.lease * 9 / 10)
        })
    }

    /// Whether the token comes from a login, so that another one can be had.
    pub fn logs_in(&self) -> bool {
        matches!(self.credential, Credential::Login(_))
    }

    /// A token that is good as far as is known; none if the store has no `auth`.
    ///
    /// # Errors
    /// Those of the login. A renewal that fails while the token lives on is no error.
    pub async fn token(&self) -> Result<Option<SecretBytes>, Error> {
        let login = match &self.credential {
            Credential::Nothing => return Ok(None),
            Credential::Token(token) => return Ok(Some(token.clone())),
            Credential::Login(login) => login,
        };
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        match state.session.as_mut() {
            Some(live) if !live.has_expired() => {
                if live.is_due() {
                    self.prolong(login, live).await;
                }
                Ok(Some(live.token.clone()))
            }
            _ => self.enter(login, &mut state, asked).await.map(Some),
        }
    }

    /// Another token for one that Vault has refused, or the one that somebody else has fetched in the meantime; none if
    /// the store has no login.
    ///
    /// # Errors
    /// Those of the login.
    pub async fn replace(&self, refused: &SecretBytes) -> Result<Option<SecretBytes>, Error> {
        let Credential::Login(login) = &self.credential else { return Ok(None) };
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        match state.session.as_ref() {
            Some(live) if live.token != *refused => Ok(Some(live.token.clone())),
            _ => {
                login.forget();
                self.enter(login, &mut state, asked).await.map(Some)
            }
        }
    }

    /// Asks Vault what it knows of a token.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] for a token that Vault says is invalid, [`ErrorKind::Forbidden`] if Vault does not
    /// say: such a token lacks even the `default` policy, or the Vault is old and the token invalid.
    pub async fn look_up(&self, token: Option<&SecretBytes>) -> Result<(), Error> {
        let request = Request::of(&LookupTokenSelfRequest {})?;
        match self.http.send(own("LookupSelf", &request, self.namespace.as_ref(), token)).await? {
            Answer::Found(_) => Ok(()),
            Answer::Missing => Err(self.odd("says nothing about the token")),
        }
    }

    async fn enter(&self, login: &Login, state: &mut State, asked: Instant) -> Result<SecretBytes, Error> {
        match &state.failure {
            Some((at, error)) if *at >= asked => return Err(error.clone()),
            _ => *state = State::default(),
        }
        let entered = match self.refused.lately() {
            Some(error) => Err(error),
            None => self.refused.note(self.log_in(login).await),
        };
        match entered {
            Ok(fresh) => Ok(state.session.insert(fresh).token.clone()),
            Err(error) => {
                state.failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn log_in(&self, login: &Login) -> Result<Session, Error> {
        let request = login.request().await?;
        let purpose = Purpose::Login { method: login.method, mount: &login.mount };
        let call = Call { purpose, ..own("Login", &request, self.namespace.as_ref(), None) };
        match self.http.send(call).await? {
            Answer::Found(body) => self.granted(body.expose()),
            Answer::Missing => Err(self.odd("answers the login with nothing")),
        }
    }

    /// Renews the token if it can be, else logs in again. If neither works just now, the token lives on for the last third
    /// of its lease, and the next attempt waits.
    async fn prolong(&self, login: &Login, live: &mut Session) {
        if live.renewable {
            match self.renew(&live.token).await {
                Ok(renewed) if renewed.lease >= live.lease / 2 => {
                    *live = Session { lease: live.lease, ..renewed };
                    return;
                }
                Ok(_) | Err(_) => {} // at its maximum, or not renewable after all
            }
        }
        match self.log_in(login).await {
            Ok(fresh) => *live = fresh,
            Err(error) => {
                tracing::debug!(%error, "could not renew a login to vault");
                live.renew_at = Some(Instant::now() + live.lease / 12);
            }
        }
    }

    async fn renew(&self, token: &SecretBytes) -> Result<Session, Error> {
        let request = Request::of(&RenewTokenSelfRequest { increment: None })?;
        match self.http.send(own("RenewSelf", &request, self.namespace.as_ref(), Some(token))).await? {
            Answer::Found(body) => self.granted(body.expose()),
            Answer::Missing => Err(self.odd("answers the renewal with nothing")),
        }
    }

    fn granted(&self, body: &[u8]) -> Result<Session, Error> {
        #[derive(Deserialize)]
        struct Granted {
            auth: Option<Auth>,
        }
        #[derive(Deserialize)]
        struct Auth {
            #[serde(default)]
            client_token: String,
            #[serde(default)]
            lease_duration: u64,
            #[serde(default)]
            renewable: bool,
        }
        let granted: Option<Granted> = serde_json::from_slice(body).ok();
        match granted.and_then(|granted| granted.auth) {
            Some(auth) if !auth.client_token.is_empty() => {
                let lease = Duration::from_secs(auth.lease_duration);
                Ok(Session::new(auth.client_token.into(), lease, auth.renewable))
            }
            Some(_) => {
                let text = format!(
                    "vault at {} asks for a second factor, which nobody is there to give",
                    self.http.server()
                );
                Err(Error::new(ErrorKind::Unsupported, text))
            }
            None => Err(self.odd("answers the login without a token")),
        }
    }

    fn odd(&self, what: &str) -> Error {
        Error::new(ErrorKind::Unavailable, format!("vault at {} {what}", self.http.server()))
    }
}

/// ESO revokes the token at the end of each reconcile; this one ends with its connection. In vain if the runtime is gone.
impl Drop for Keeper {
    fn drop(&mut self) {
        let Some(session) = self.state.get_mut().session.take().filter(|_| !self.lasting) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (http, namespace) = (self.http.clone(), self.namespace.clone());
        let Ok(request) = Request::of(&RevokeTokenSelfRequest {}) else { return };
        runtime.spawn(async move {
            let call = own("RevokeSelf", &request, namespace.as_ref(), Some(&session.token));
            if let Err(error) = http.send(call).await {
                tracing::debug!(%error, "could not revoke a login to vault");
            }
        });
    }
}

impl Session {
    fn new(token: SecretBytes, lease: Duration, renewable: bool) -> Self {
        let now = Instant::now();
        let after = |span: Duration| (!lease.is_zero()).then(|| now + span);
        Self { token, lease, renewable, renew_at: after(lease * 2 / 3), expires: after(lease) }
    }

    fn is_due(&self) -> bool {
        self.renew_at.is_some_and(|at| Instant::now() >= at)
    }

    fn has_expired(&self) -> bool {
        self.expires.is_some_and(|at| Instant::now() >= at)
    }
}

fn own<'a>(
    name: &'static str,
    request: &'a Request,
    namespace: Option<&'a HeaderValue>,
    token: Option<&'a SecretBytes>,
) -> Call<'a> {
    Call { name, purpose: Purpose::OwnToken, request, namespace, token }
}
