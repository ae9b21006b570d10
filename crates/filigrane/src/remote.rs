//! Credentials that lie elsewhere: fetched where the caller allows it, and judged with the file.

use filigrane_credentials::{Credentials, CredentialsError, Fetched, Fetcher, Trust, read_apart};

/// A manifest that was fetched, and the file that points to it.
pub(crate) struct Remote<'a> {
    fetched: Fetched,
    bytes: &'a [u8],
    mime: &'a str,
    url: String,
}

impl<'a> Remote<'a> {
    /// Fetches the manifest that a file's credentials point to; what cannot be fetched is noted in them. Nothing where they
    /// point nowhere.
    pub(crate) fn fetch(
        fetcher: &Fetcher,
        credentials: &mut Credentials,
        bytes: &'a [u8],
        mime: &'a str,
    ) -> Result<Option<Self>, CredentialsError> {
        let Some(url) = credentials.remote_url.clone() else {
            return Ok(None);
        };
        let fetched = match fetcher.fetch(&url) {
            Ok(fetched) => fetched,
            Err(error) => {
                credentials.fetch_failure = Some(error.to_string());
                return Ok(None);
            }
        };
        let remote = Self {
            fetched,
            bytes,
            mime,
            url,
        };
        if remote.judge(&Trust::none())?.is_none() {
            let place = &remote.fetched.url;
            credentials.fetch_failure = Some(format!("what lies at `{place}` is no manifest"));
            return Ok(None);
        }
        Ok(Some(remote))
    }

    /// Judges it; where it was fetched from is told.
    pub(crate) fn read(&self, trust: &Trust) -> Result<Credentials, CredentialsError> {
        let mut credentials = self.judge(trust)?.unwrap_or_else(Credentials::absent);
        credentials.remote_url = Some(self.url.clone());
        credentials.fetched_from = Some(self.fetched.url.clone());
        Ok(credentials)
    }

    fn judge(&self, trust: &Trust) -> Result<Option<Credentials>, CredentialsError> {
        read_apart(&self.fetched.bytes, self.bytes, self.mime, trust)
    }
}
