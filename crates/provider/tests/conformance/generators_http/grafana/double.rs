//! A Grafana in memory, below `/sub`: accounts, and their tokens.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use wiremock::Request;

use crate::generators_http::{Answer, basic, header, segments};

/// What goes wrong once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Somebody makes the account after it was looked for.
    MadeMeanwhile,
    /// No token is made.
    NoToken,
    /// A token is made, and the answer says that something failed.
    AnswerLost,
    /// A token is made, and the answer is no JSON of Grafana's.
    AnswerUnreadable,
    /// A token is made, and the answer holds none.
    AnswerWithoutKey,
    /// A token is made, and nothing works any more.
    AnswerLostForGood,
}

/// An account.
#[derive(Debug, Clone)]
pub struct Account {
    name: String,
    login: String,
    role: String,
}

impl Account {
    /// With the login that Grafana makes of the name.
    pub fn new(name: &str, role: &str) -> Self {
        let login = format!("sa-1-{}", name.to_lowercase().replace(' ', "-"));
        Self { name: name.to_owned(), login, role: role.to_owned() }
    }
}

/// What is there: accounts by number less one, tokens by number and account.
#[derive(Debug, Default)]
struct Inside {
    accounts: Vec<Account>,
    tokens: Vec<(i64, usize, String)>,
    made: i64,
    trouble: Option<Trouble>,
}

/// The double.
#[derive(Debug, Default)]
pub struct Grafana(Mutex<Inside>);

impl Grafana {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn next(&self, trouble: Trouble) {
        self.inside().trouble = Some(trouble);
    }

    pub fn add(&self, account: Account) {
        self.inside().accounts.push(account);
    }

    pub fn remove_accounts(&self) {
        *self.inside() = Inside::default();
    }

    /// Names and roles.
    pub fn accounts(&self) -> Vec<(String, String)> {
        self.inside().accounts.iter().map(|account| (account.name.clone(), account.role.clone())).collect()
    }

    pub fn tokens(&self) -> Vec<i64> {
        self.inside().tokens.iter().map(|(number, ..)| *number).collect()
    }

    /// How many tokens there have been.
    pub fn made(&self) -> i64 {
        self.inside().made
    }

    pub fn token_names(&self) -> Vec<String> {
        self.inside().tokens.iter().map(|(.., name)| name.clone()).collect()
    }

    pub fn answer(&self, request: &Request) -> Answer {
        let path = segments(request);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let ["sub", "api", "serviceaccounts", rest @ ..] = path.as_slice() else {
            return Err((404, "Not found"));
        };
        allowed(request)?;
        let mut inside = self.inside();
        if inside.trouble == Some(Trouble::AnswerLostForGood) && inside.made > 0 {
            return Err((503, "database is locked"));
        }
        match (request.method.as_str(), rest) {
            ("GET", ["search"]) => inside.search(request),
            ("POST", []) => inside.create(&body(request)?),
            ("GET", [account, "tokens"]) => inside.list(account),
            ("POST", [account, "tokens"]) => inside.token(account, &body(request)?),
            ("DELETE", [account, "tokens", token]) => inside.delete(account, token),
            _ => Err((404, "Not found")),
        }
    }
}

/// Who asks: an admin, or somebody who may not touch accounts.
fn allowed(request: &Request) -> Result<(), (u16, &'static str)> {
    let is_admin = |(user, password): (String, String)| user == "admin" && password == "c4n4ry-password";
    match header(request, "authorization") {
        Some("Bearer glsa_c4n4ry") => Ok(()),
        Some("Bearer glsa_c4n4ry_viewer") => Err((403, "You'll need additional permissions")),
        Some(_) if basic(request).is_some_and(is_admin) => Ok(()),
        _ => Err((401, "Invalid username, password or API key")),
    }
}

fn body(request: &Request) -> Result<Value, (u16, &'static str)> {
    match header(request, "content-type") {
        Some("application/json") => request.body_json().map_err(|_| (400, "Bad request data")),
        _ => Err((415, "Unsupported media type")),
    }
}

impl Inside {
    /// Those whose name or login contains the query, so many on a page.
    fn search(&self, request: &Request) -> Answer {
        let query = |name: &str| {
            let mut pairs = request.url.query_pairs();
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let text = query("query").unwrap_or_default().to_lowercase();
        let number = |name: &str| query(name).and_then(|value| value.parse::<usize>().ok());
        let (page, size) = (number("page").unwrap_or(1).max(1), number("perpage").unwrap_or(1000));
        let matches =
            |account: &Account| account.name.to_lowercase().contains(&text) || account.login.contains(&text);
        let found: Vec<Value> = (1..)
            .zip(&self.accounts)
            .filter(|(_, account)| matches(account))
            .map(
                |(id, account)| json!({ "id": id, "name": account.name, "login": account.login, "orgId": 1 }),
            )
            .collect();
        let shown: Vec<&Value> = found.iter().skip((page - 1) * size).take(size).collect();
        Ok((
            200,
            json!({ "totalCount": found.len(), "serviceAccounts": shown, "page": page, "perPage": size }),
        ))
    }

    fn create(&mut self, wanted: &Value) -> Answer {
        let text = |field: &str| wanted[field].as_str().unwrap_or_default();
        let (name, role) = (text("name"), text("role"));
        if name.is_empty() {
            return Err((400, "Bad request data"));
        }
        if !["None", "Viewer", "Editor", "Admin"].contains(&role) {
            return Err((400, "invalid role specified"));
        }
        let account = Account::new(name, role);
        if self.take(&[Trouble::MadeMeanwhile]).is_some() {
            self.accounts.push(account.clone());
        }
        if self.accounts.iter().any(|other| other.login == account.login) {
            return Err((400, "service account already exists"));
        }
        self.accounts.push(account.clone());
        let Account { name, login, role } = account;
        Ok((
            201,
            json!({ "id": self.accounts.len(), "name": name, "login": login, "role": role, "orgId": 1 }),
        ))
    }

    fn list(&self, account: &str) -> Answer {
        let account = self.account(account)?;
        let of_it = self.tokens.iter().filter(|(_, of, _)| *of == account);
        Ok((200, of_it.map(|(id, _, name)| json!({ "id": id, "name": name, "hasExpired": false })).collect()))
    }

    fn token(&mut self, account: &str, wanted: &Value) -> Answer {
        let account = self.account(account)?;
        let name = wanted["name"].as_str().filter(|name| !name.is_empty() && name.len() <= 190);
        let name = name.ok_or((400, "Bad request data"))?.to_owned();
        if self.take(&[Trouble::NoToken]).is_some() {
            return Err((400, "Number of seconds before expiration should be set"));
        }
        if self.tokens.iter().any(|(.., other)| *other == name) {
            return Err((409, "service account token with given name already exists in the organization"));
        }
        self.made += 1;
        self.tokens.push((self.made, account, name.clone()));
        let lost = [Trouble::AnswerLost, Trouble::AnswerUnreadable, Trouble::AnswerWithoutKey];
        match self.take(&lost) {
            Some(Trouble::AnswerLost) => return Err((504, "upstream request timeout")),
            Some(Trouble::AnswerUnreadable) => return Ok((200, json!("c4n4ry"))),
            Some(Trouble::AnswerWithoutKey) => return Ok((200, json!({ "id": self.made, "key": "" }))),
            _ if self.trouble == Some(Trouble::AnswerLostForGood) => return Err((503, "database is locked")),
            _ => {}
        }
        Ok((200, json!({ "id": self.made, "name": name, "key": format!("glsa_c4n4ry_{}", self.made) })))
    }

    fn delete(&mut self, account: &str, token: &str) -> Answer {
        let account = self.account(account)?;
        let token: i64 = token.parse().map_err(|_| (400, "Token ID is invalid"))?;
        let at = self.tokens.iter().position(|(id, of, _)| (*id, *of) == (token, account));
        self.tokens.remove(at.ok_or((404, "service account token not found"))?);
        Ok((200, json!({ "message": "Service account token deleted" })))
    }

    fn account(&self, id: &str) -> Result<usize, (u16, &'static str)> {
        let id: usize = id.parse().map_err(|_| (400, "Service Account ID is invalid"))?;
        (1..=self.accounts.len()).contains(&id).then_some(id).ok_or((404, "service account not found"))
    }

    fn take(&mut self, these: &[Trouble]) -> Option<Trouble> {
        self.trouble.take_if(|trouble| these.contains(trouble))
    }
}
