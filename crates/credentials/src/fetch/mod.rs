//! Manifests that lie elsewhere, fetched from hosts that the caller named and from no others.
//!
//! The address comes out of the file, and so from anybody. Therefore: the host must be on the list, redirects too; the
//! name is resolved here, and only an address of the public internet is connected to, that very one; the whole exchange
//! has one deadline and one limit on bytes; nothing is sent but the request.

mod address;
mod http;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use url::{Host, Url};

use crate::error::{CredentialsError, plain};
use crate::identity::der_certificates;
use address::{connect, resolve};
use http::{Answer, Timed};

/// A manifest with thumbnails and those of its ingredients takes some hundred kilobytes.
const MAX_BYTES: u64 = 16 << 20;
/// For everything: names, connections, redirects and the answer.
const PATIENCE: Duration = Duration::from_secs(15);
const MOST_REDIRECTS: usize = 3;
/// No address is longer.
const LONGEST_URL: usize = 2048;

/// Why a manifest was not fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The address is none that can be asked.
    #[error("expected an address of `https`, found `{found}`")]
    Address {
        /// The address, shortened.
        found: String,
    },
    /// An entry of the list of hosts cannot be read.
    #[error("expected a host such as `manifests.example.org` or `127.0.0.1:8080`, found `{found}`")]
    Host {
        /// The entry.
        found: String,
    },
    /// The host is not on the list.
    #[error("`{host}` is not among the hosts that may be asked")]
    NotAllowed {
        /// The host, with its scheme and port.
        host: String,
    },
    /// The host's name leads into a private network.
    #[error("`{host}` leads to `{address}`, which is no address of the public internet")]
    Private {
        /// The host.
        host: String,
        /// The address.
        address: IpAddr,
    },
    /// There is no connection, or it broke.
    #[error("`{host}`: {reason}")]
    Connection {
        /// The host.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The answer is not HTTP, or not status 200.
    #[error("`{host}`: {reason}")]
    Answer {
        /// The host.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// The answer is too large.
    #[error("`{host}` sent more than {limit} bytes")]
    TooLarge {
        /// The host.
        host: String,
        /// The limit.
        limit: u64,
    },
    /// The answer took too long.
    #[error("`{host}` took longer than {} s", limit.as_secs_f32())]
    TooSlow {
        /// The host.
        host: String,
        /// The limit for everything.
        limit: Duration,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {reason}")]
    Tls {
        /// Why.
        reason: String,
    },
    /// There were too many redirects.
    #[error("it was redirected more than {MOST_REDIRECTS} times")]
    Redirects,
}

/// Fetches manifests from hosts that are named, within limits on bytes and time.
#[derive(Debug, Clone)]
pub struct Fetcher {
    hosts: Vec<AllowedHost>,
    tls: Arc<ClientConfig>,
    max_bytes: u64,
    patience: Duration,
}

/// A host that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AllowedHost {
    host: Host<String>,
    /// Nothing where the scheme's own is meant.
    port: Option<u16>,
    /// Whether it may be asked without TLS.
    plain: bool,
}

/// What was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// The bytes that were sent.
    pub bytes: Vec<u8>,
    /// Where they came from, after redirects.
    pub url: String,
}

impl Fetcher {
    /// A fetcher that asks these hosts: `manifests.example.org`, with a port other than the usual as `HOST:PORT`, and over
    /// TLS only unless written as `http://HOST`. Loopback addresses and `localhost` need no TLS. Addresses that are not of
    /// the public internet are reached only where the list has that very address, or `localhost`.
    ///
    /// # Errors
    /// [`FetchError::Host`] for an entry that cannot be read, and [`FetchError::Tls`].
    pub fn new(hosts: &[impl AsRef<str>]) -> Result<Self, FetchError> {
        let hosts: Result<Vec<AllowedHost>, FetchError> = hosts
            .iter()
            .map(|host| allowed_host(host.as_ref()))
            .collect();
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        Ok(Self {
            hosts: hosts?,
            tls: tls(roots).map_err(|reason| FetchError::Tls { reason })?,
            max_bytes: MAX_BYTES,
            patience: PATIENCE,
        })
    }

    /// Trusts these authorities (PEM) for TLS instead of those that browsers trust.
    ///
    /// # Errors
    /// [`CredentialsError::Unusable`] when the text holds no authority's certificate.
    pub fn tls_roots(mut self, pem: &str) -> Result<Self, CredentialsError> {
        let unusable = |reason: String| CredentialsError::Unusable { reason };
        let mut roots = RootCertStore::empty();
        for der in der_certificates(pem).map_err(unusable)? {
            roots
                .add(CertificateDer::from(der))
                .map_err(|error| unusable(error.to_string()))?;
        }
        self.tls = tls(roots).map_err(unusable)?;
        Ok(self)
    }

    /// Other limits: on an answer's bytes, and on the time of everything.
    #[must_use]
    pub const fn limits(mut self, max_bytes: u64, patience: Duration) -> Self {
        (self.max_bytes, self.patience) = (max_bytes, patience);
        self
    }

    /// Fetches what lies at an address.
    ///
    /// # Errors
    /// [`FetchError`] says why not.
    pub fn fetch(&self, url: &str) -> Result<Fetched, FetchError> {
        let deadline = Instant::now() + self.patience;
        let bad = || FetchError::Address {
            found: url.chars().take(80).collect(),
        };
        if url.len() > LONGEST_URL {
            return Err(bad());
        }
        let mut at = Url::parse(url).map_err(|_| bad())?;
        for _ in 0..=MOST_REDIRECTS {
            match self.ask(&at, deadline)? {
                Answer::Found(bytes) => {
                    return Ok(Fetched {
                        bytes,
                        url: at.to_string(),
                    });
                }
                Answer::Elsewhere(place) => {
                    let answer = |reason: &str| FetchError::Answer {
                        host: host_of(&at),
                        reason: reason.to_owned(),
                    };
                    if place.len() > LONGEST_URL {
                        return Err(answer("it redirects to a place that is too long"));
                    }
                    let next = at.join(&place);
                    at = next.map_err(|_| answer("it redirects to what is no address"))?;
                }
            }
        }
        Err(FetchError::Redirects)
    }

    fn ask(&self, url: &Url, deadline: Instant) -> Result<Answer, FetchError> {
        let allowed = self.allowed(url)?;
        let addresses = resolve(&allowed.host, port_of(url), deadline)
            .map_err(|error| self.broken(url, &error))?;
        let addresses = reachable(addresses, allowed)?;
        let stream = connect(&addresses, deadline).map_err(|error| self.broken(url, &error))?;
        let stream = Timed::new(stream, deadline);
        let exchanged = if url.scheme() == "https" {
            let connection =
                self.handshake(&allowed.host)
                    .map_err(|reason| FetchError::Connection {
                        host: host_of(url),
                        reason,
                    })?;
            http::exchange(StreamOwned::new(connection, stream), url, self.max_bytes)
        } else {
            http::exchange(stream, url, self.max_bytes)
        };
        exchanged.map_err(|problem| match problem {
            http::Problem::Io(error) => self.broken(url, &error),
            http::Problem::TooLarge => FetchError::TooLarge {
                host: host_of(url),
                limit: self.max_bytes,
            },
            http::Problem::Answer(reason) => FetchError::Answer {
                host: host_of(url),
                reason: plain(&reason),
            },
        })
    }

    /// The entry of the list that lets an address be asked.
    fn allowed(&self, url: &Url) -> Result<&AllowedHost, FetchError> {
        let is_plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => {
                return Err(FetchError::Address {
                    found: url.as_str().chars().take(80).collect(),
                });
            }
        };
        let not_allowed = || FetchError::NotAllowed {
            host: format!("{}://{}", url.scheme(), host_of(url)),
        };
        // A name and a password would say on our behalf who asks.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(not_allowed());
        }
        let host = url.host().ok_or_else(not_allowed)?.to_owned();
        let allows = |allowed: &&AllowedHost| {
            let is_port = match allowed.port {
                None => url.port().is_none(),
                Some(port) => port == port_of(url),
            };
            allowed.host == host && is_port && (allowed.plain || !is_plain)
        };
        self.hosts.iter().find(allows).ok_or_else(not_allowed)
    }

    fn handshake(&self, host: &Host<String>) -> Result<ClientConnection, String> {
        let name = match host {
            Host::Domain(name) => {
                ServerName::try_from(name.clone()).map_err(|error| error.to_string())?
            }
            Host::Ipv4(address) => ServerName::from(IpAddr::from(*address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::from(*address)),
        };
        ClientConnection::new(Arc::clone(&self.tls), name).map_err(|error| error.to_string())
    }

    fn broken(&self, url: &Url, error: &std::io::Error) -> FetchError {
        use std::io::ErrorKind;
        if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) {
            return FetchError::TooSlow {
                host: host_of(url),
                limit: self.patience,
            };
        }
        FetchError::Connection {
            host: host_of(url),
            reason: error.to_string(),
        }
    }
}

fn tls(roots: RootCertStore) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config))
}

/// The addresses that may be connected to.
fn reachable(
    addresses: Vec<SocketAddr>,
    allowed: &AllowedHost,
) -> Result<Vec<SocketAddr>, FetchError> {
    let is_named = |address: IpAddr| match &allowed.host {
        Host::Domain(name) => name == "localhost" && address.is_loopback(),
        Host::Ipv4(named) => address == IpAddr::from(*named),
        Host::Ipv6(named) => address == IpAddr::from(*named),
    };
    let may = |address: &SocketAddr| is_named(address.ip()) || address::is_public(address.ip());
    let first = addresses.first().map(SocketAddr::ip);
    let reachable: Vec<SocketAddr> = addresses.into_iter().filter(may).collect();
    match first {
        Some(address) if reachable.is_empty() => Err(FetchError::Private {
            host: allowed.host.to_string(),
            address,
        }),
        _ => Ok(reachable),
    }
}

/// Reads an entry of the list of hosts.
fn allowed_host(text: &str) -> Result<AllowedHost, FetchError> {
    let bad = || FetchError::Host {
        found: text.chars().take(80).collect(),
    };
    let (rest, says_plain) = match text.strip_prefix("http://") {
        Some(rest) => (rest, true),
        None => (text.strip_prefix("https://").unwrap_or(text), false),
    };
    let plain = rest.strip_suffix('/').unwrap_or(rest);
    let is_host = |c: char| c.is_alphanumeric() || "-._:[]".contains(c);
    if plain.is_empty() || !plain.chars().all(is_host) {
        return Err(bad());
    }
    let scheme = if says_plain { "http" } else { "https" };
    let url = Url::parse(&format!("{scheme}://{plain}/")).map_err(|_| bad())?;
    let host = url.host().ok_or_else(bad)?.to_owned();
    let is_loopback = match &host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    Ok(AllowedHost {
        host,
        port: url.port(),
        plain: says_plain || is_loopback,
    })
}

fn port_of(url: &Url) -> u16 {
    url.port_or_known_default().unwrap_or(443)
}

/// Host and port, for messages.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn allowed(hosts: &[&str], url: &str) -> bool {
        let fetcher = Fetcher::new(hosts).unwrap();
        fetcher.allowed(&Url::parse(url).unwrap()).is_ok()
    }

    #[test]
    fn only_named_hosts_are_asked() {
        let named = [
            "a.example",
            "b.example:8443",
            "http://c.example",
            "127.0.0.1:80",
        ];
        for url in [
            "https://a.example/m.c2pa",
            "https://A.EXAMPLE:443/",
            "https://b.example:8443/",
            "http://c.example/",
            "https://c.example/",
            "http://127.0.0.1/",
            // The same address in another notation.
            "http://0x7f.1/",
        ] {
            assert!(allowed(&named, url), "{url}");
        }
        for url in [
            "http://a.example/",
            "https://a.example:8443/",
            "https://b.example/",
            "https://sub.a.example/",
            "https://a.example.evil.example/",
            "https://a.example@evil.example/",
            "https://me:secret@a.example/",
            "https://me@a.example/",
            "https://evil.example/a.example",
            "http://127.0.0.2/",
            "file:///etc/passwd",
            "ftp://a.example/",
            "gopher://a.example/",
        ] {
            assert!(!allowed(&named, url), "{url}");
        }
    }

    #[test]
    fn entries_that_are_no_hosts_are_refused() {
        for bad in [
            "",
            "http://",
            "a b",
            "*.example.org",
            "a.example/path",
            "me@a.example",
            "a.example:99999",
            "ftp://a.example",
            "a?b",
        ] {
            assert!(Fetcher::new(&[bad]).is_err(), "{bad}");
        }
        for good in [
            "a.example",
            "https://a.example/",
            "[::1]:8080",
            "bücher.example",
        ] {
            assert!(Fetcher::new(&[good]).is_ok(), "{good}");
        }
    }

    #[test]
    fn names_do_not_lead_into_private_networks() {
        let entry = |text| allowed_host(text).unwrap();
        let at = |text: &str| -> SocketAddr { text.parse().unwrap() };
        let private = at("10.0.0.1:443");
        let public = at("93.184.216.34:443");
        let name = entry("a.example");
        assert!(reachable(vec![private], &name).is_err());
        assert!(reachable(vec![at("127.0.0.1:443")], &name).is_err());
        assert_eq!(reachable(vec![private, public], &name), Ok(vec![public]));
        assert_eq!(
            reachable(vec![private], &entry("10.0.0.1")),
            Ok(vec![private])
        );
        assert!(reachable(vec![private], &entry("localhost")).is_err());
        assert!(reachable(vec![at("127.0.0.1:80")], &entry("localhost")).is_ok());
    }
}
