//! Grafana's API of service accounts, as far as it is needed here.

use std::fmt::Write as _;
use std::time::Duration;

use aws_lc_rs::rand;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::super::http::{Ask, Http, address};
use super::super::parts::{below, body};
use super::super::{World, unreadable};
use super::{FIELDS, said};
use crate::tls::Tls;
use crate::{Error, ErrorKind, SecretBytes};

/// Longer than for what leaves nothing behind: who goes too early has to clear away.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many accounts one answer lists: Grafana's default.
const PAGE: usize = 1000;

/// More accounts than this are not looked through: a server that finds no end is none of Grafana.
const MOST_PAGES: usize = 100;

/// An account, as answers describe it.
#[derive(Deserialize)]
pub struct Account {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What Grafana makes of its name.
    pub login: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accounts {
    total_count: usize,
    service_accounts: Vec<Account>,
}

/// A new token.
#[derive(Deserialize)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// The token itself.
    pub key: String,
}

/// A token that is there.
#[derive(Deserialize)]
struct Listed {
    id: i64,
    name: String,
}

/// A Grafana, with a login.
pub struct Server<'a> {
    http: Http<'a>,
    accounts: Url,
    login: HeaderValue,
}

impl<'a> Server<'a> {
    /// The one at this address.
    ///
    /// # Errors
    /// The address is none, or may not be called.
    pub fn new(world: &'a World<'a>, url: &str, login: HeaderValue) -> Result<Self, Error> {
        let server = address("url", url)?;
        let http = Http::new(world, ("Grafana", "Grafana"), &server, &Tls::default(), PATIENCE)
            .map_err(|error| FIELDS.blame(error))?;
        Ok(Self { http, accounts: below(&server, &["api", "serviceaccounts"]), login })
    }

    /// The account of exactly this name. Grafana's search gives those too whose name or login contains it.
    ///
    /// # Errors
    /// Those of [`Http::json`].
    pub async fn find(&self, name: &str) -> Result<Option<Account>, Error> {
        let mut seen = 0;
        for page in 1..=MOST_PAGES {
            let mut url = below(&self.accounts, &["search"]);
            let (page, per_page) = (page.to_string(), PAGE.to_string());
            url.query_pairs_mut().extend_pairs([("query", name), ("page", &page), ("perpage", &per_page)]);
            let ask =
                self.ask("SearchServiceAccounts", "cannot look for the service account", Method::GET, url);
            let Accounts { total_count, service_accounts } = self.json(ask).await?;
            seen += service_accounts.len();
            let is_last = service_accounts.is_empty() || seen >= total_count;
            let found = service_accounts.into_iter().find(|account| account.name == name);
            if found.is_some() || is_last {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Makes an account.
    ///
    /// # Errors
    /// Those of [`Http::json`].
    pub async fn make_account(&self, name: &str, role: &str) -> Result<Account, Error> {
        let url = self.accounts.clone();
        let ask = self.ask("CreateServiceAccount", "cannot make the service account", Method::POST, url);
        self.json(Ask { body: body(&json!({ "name": name, "role": role })), ..ask }).await
    }

    /// Makes a token of an account. If it cannot be told whether Grafana has made it, it is looked for and deleted.
    ///
    /// # Errors
    /// Those of [`Http::json`]; the message says so if a token may be left.
    pub async fn make_token(&self, account: i64) -> Result<Token, Error> {
        let name = name()?;
        let url = self.tokens(account);
        let ask = self.ask(
            "CreateServiceAccountToken",
            "cannot make a token of the service account",
            Method::POST,
            url,
        );
        let made = self.json(Ask { body: body(&json!({ "name": name })), ..ask }).await;
        let made = made.and_then(|token: Token| match token.key.is_empty() {
            true => Err(unreadable(self.http.place())),
            false => Ok(token),
        });
        match made {
            Err(error) if matches!(error.kind, ErrorKind::Unavailable | ErrorKind::InvalidValue) => {
                let is_left = match self.withdraw(account, &name).await {
                    Ok(true) => false,
                    // Who does not answer may make it yet.
                    Ok(false) => error.kind == ErrorKind::Unavailable && error.code.is_none(),
                    Err(_) => true,
                };
                let note = format!("a token {name:?} of it may be left there");
                Err(if is_left { said(error, &note) } else { error })
            }
            made => made,
        }
    }

    /// Deletes a token; one that is not there is no error, and neither is an account that is not.
    ///
    /// # Errors
    /// Those of [`Http::send`] and of a refusal.
    pub async fn delete_token(&self, account: i64, token: i64) -> Result<(), Error> {
        let url = below(&self.tokens(account), &[&token.to_string()]);
        let doing = "cannot delete the token of the service account";
        let ask = self.ask("DeleteServiceAccountToken", doing, Method::DELETE, url);
        let answer = self.http.send(ask).await.map_err(|error| FIELDS.blame(error))?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(()),
            status if status.is_success() => Ok(()),
            _ => Err(FIELDS.blame(self.http.refused(doing, &answer))),
        }
    }

    /// Deletes the token of this name, and says whether there was one.
    async fn withdraw(&self, account: i64, name: &str) -> Result<bool, Error> {
        let url = self.tokens(account);
        let ask = self.ask(
            "ListServiceAccountTokens",
            "cannot list the service account's tokens",
            Method::GET,
            url,
        );
        let listed: Vec<Listed> = self.json(ask).await?;
        match listed.iter().find(|token| token.name == name) {
            Some(token) => self.delete_token(account, token.id).await.map(|()| true),
            None => Ok(false),
        }
    }

    fn tokens(&self, account: i64) -> Url {
        below(&self.accounts, &[&account.to_string(), "tokens"])
    }

    fn ask<'b>(&self, call: &'static str, doing: &'b str, method: Method, url: Url) -> Ask<'b> {
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, self.login.clone()),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]);
        Ask { call, doing, method, url, headers, body: SecretBytes::default() }
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, ask: Ask<'_>) -> Result<T, Error> {
        self.http.json(ask).await.map_err(|error| FIELDS.blame(error))
    }
}

/// A name that no other token has: Grafana takes each only once, and it is known by it until its number is.
fn name() -> Result<String, Error> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::Unavailable, "the system gives no random numbers"))?;
    Ok(bytes.iter().fold("latchkey-".to_owned(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}"); // to a String, which takes everything
        name
    }))
}
