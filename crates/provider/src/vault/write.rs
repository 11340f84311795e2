//! Pushing. Version 2 keeps ESO's mark in the custom metadata, and every write says which version it replaces; version 1
//! keeps the mark among the data, and knows no versions.

use std::collections::BTreeMap;

use async_trait::async_trait;
use http::Method;
use latchkey_api::provider::vault::VaultKvVersion as KvVersion;

use super::http::Answer;
use super::request::Request;
use super::store::{Action, Store};
use super::there::{self, CUSTOM_METADATA, There};
use super::wanted::{self, Spec};
use super::{failure, path};
use crate::push::{self, Members};
use crate::{Error, ErrorKind, Existing, Push, Pushed, Remote, Writer};

impl Store {
    async fn there(&self, remote: &Remote) -> Result<There, Error> {
        let mount = self.mount.as_deref();
        let metadata = match self.version {
            KvVersion::V1 => None,
            KvVersion::V2 => Some(self.read(&path::metadata(mount, self.version, &remote.key)?).await?),
        };
        if metadata == Some(Answer::Missing) {
            return Ok(There::default());
        }
        let data = self.read(&path::data(mount, self.version, &remote.key, "")?).await?;
        there::of(&data, metadata.as_ref(), self.version, &self.place(remote))
    }

    fn place(&self, remote: &Remote) -> String {
        format!("{:?} in vault at {}", remote.key, self.server())
    }

    /// Writes the data in place of what is there.
    async fn write_data(
        &self,
        remote: &Remote,
        members: &Members,
        there: &There,
        action: Action,
    ) -> Result<(), Error> {
        let request = path::data(self.mount.as_deref(), self.version, &remote.key, "")?;
        let marks = action == Action::Write || there.is_managed();
        let body = match self.version {
            KvVersion::V1 if marks => wanted::marked(members).json().as_bytes().to_vec(),
            KvVersion::V1 => members.json().as_bytes().to_vec(),
            KvVersion::V2 => wanted::versioned(members, there.version),
        };
        self.write(&request.with(Method::POST, body), action).await
    }

    async fn write_custom(&self, remote: &Remote, custom: &BTreeMap<String, String>) -> Result<(), Error> {
        let request = path::metadata(self.mount.as_deref(), self.version, &remote.key)?;
        let body = serde_json::json!({ CUSTOM_METADATA: custom }).to_string();
        self.write(&request.with(Method::POST, body.into_bytes()), Action::Write).await
    }

    async fn write(&self, request: &Request, action: Action) -> Result<(), Error> {
        match self.call(action, request).await? {
            Answer::Found(_) => Ok(()),
            Answer::Missing => {
                let text =
                    format!("vault at {} answers a write as if there were no such place", self.server());
                Err(Error::new(ErrorKind::InvalidConfig, text))
            }
        }
    }

    /// First the mark and then the data, as ESO: if the data cannot be written now, it can later. Where somebody else was
    /// faster, the mark is taken back, so that what they wrote stays theirs.
    async fn put(
        &self,
        push: &Push,
        members: &Members,
        there: &There,
        custom: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let remote = &push.remote;
        let marks = self.version == KvVersion::V2 && *custom != there.custom;
        if marks {
            self.write_custom(remote, custom).await?;
        }
        match self.write_data(remote, members, there, Action::Write).await {
            Err(error) if marks && failure::is_conflict(&error) => {
                self.write_custom(remote, &there.custom).await?;
                Err(error)
            }
            outcome => outcome,
        }
    }

    async fn remove(&self, remote: &Remote) -> Result<(), Error> {
        let mount = self.mount.as_deref();
        let data = path::data(mount, self.version, &remote.key, "")?;
        self.write(&data.with(Method::DELETE, Vec::new()), Action::Delete).await?;
        match self.version {
            KvVersion::V1 => Ok(()),
            KvVersion::V2 => {
                let metadata = path::metadata(mount, self.version, &remote.key)?;
                self.write(&metadata.with(Method::DELETE, Vec::new()), Action::Delete).await
            }
        }
    }
}

#[async_trait]
impl Writer for Store {
    async fn push(&self, push: &Push) -> Result<Pushed, Error> {
        let spec = Spec::of(push, self.version)?;
        there::writable(&push.remote, self.version)?;
        let there = self.there(&push.remote).await?;
        if there.data.is_some() && !there.is_managed() && !push.known {
            return Err(push::not_managed(&push.remote, &format!("vault at {}", self.server())));
        }
        let custom = spec.custom(&there.custom);
        let mut members = wanted::members(push, there.data.as_ref())?;
        if self.version == KvVersion::V1 {
            members.remove(CUSTOM_METADATA); // it is the mark's
        }
        let Some(data) = &there.data else {
            self.put(push, &members, &there, &custom).await?;
            return Ok(Pushed::Created);
        };
        match (
            members.same(data, wanted::numbers(self.version)),
            wanted::same_but_mark(&custom, &there.custom),
        ) {
            (true, true) => return Ok(Pushed::Unchanged),
            (true, false) if self.version == KvVersion::V2 => {
                self.write_custom(&push.remote, &custom).await?
            }
            (true | false, _) => self.put(push, &members, &there, &custom).await?,
        }
        Ok(Pushed::Updated)
    }

    async fn delete(&self, remote: &Remote, known: bool) -> Result<(), Error> {
        let there = self.there(remote).await?;
        let (true, Some(data)) = (there.is_managed() || known, &there.data) else { return Ok(()) };
        let Some(property) = remote.part() else { return self.remove(remote).await };
        let mut members = data.clone();
        if !members.remove(property) {
            return Ok(());
        }
        if members.is_empty() {
            return self.remove(remote).await;
        }
        self.write_data(remote, &members, &there, Action::Delete).await
    }

    async fn existing(&self, remote: &Remote) -> Result<Existing, Error> {
        let there = self.there(remote).await?;
        let has = |data: &Members| remote.part().is_none_or(|property| data.get(property).is_some());
        Ok(match &there.data {
            Some(data) if has(data) => Existing::by(there.is_managed()),
            Some(_) | None => Existing::Missing,
        })
    }
}
