//! Names become addresses once, and those very addresses are connected to.

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use url::Host;

/// More addresses of a name are not tried.
const MOST_ADDRESSES: usize = 4;

/// The addresses of a host. The system's resolver knows no deadline, so that it runs on a thread of its own.
pub(super) fn resolve(
    host: &Host<String>,
    port: u16,
    deadline: Instant,
) -> Result<Vec<SocketAddr>> {
    let name = match host {
        Host::Ipv4(address) => return Ok(vec![(*address, port).into()]),
        Host::Ipv6(address) => return Ok(vec![(*address, port).into()]),
        Host::Domain(name) => name.clone(),
    };
    let (send, resolved) = sync_channel(1);
    std::thread::Builder::new().spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs();
        let _ = send.send(found.map(|all| all.take(MOST_ADDRESSES).collect()));
    })?;
    match resolved.recv_timeout(left(deadline)?) {
        Ok(found) => found,
        Err(RecvTimeoutError::Timeout) => Err(ErrorKind::TimedOut.into()),
        Err(RecvTimeoutError::Disconnected) => Err(Error::other("the name was not resolved")),
    }
}

/// A connection to the first address that takes one.
pub(super) fn connect(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream> {
    let mut last = Error::other("the name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(address, left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The time that is left; an error where there is none.
pub(super) fn left(deadline: Instant) -> Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(ErrorKind::TimedOut.into())
    } else {
        Ok(left)
    }
}

/// Whether an address is one of the public internet (IANA's registries of special-purpose addresses).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = matches!(
        (a, b, c),
        // This network, private, carrier-grade NAT, loopback.
        (0 | 10 | 127, ..) | (100, 64..=127, _) | (172, 16..=31, _) | (192, 168, _)
        // Link-local, protocol assignments, documentation, former 6to4 relays, benchmarks.
        | (169, 254, _) | (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99) | (198, 18 | 19, _)
        // Multicast and reserved.
        | (224..=255, ..)
    );
    !is_special
}

/// Of the global unicast addresses those that stand for themselves: none that a translator or tunnel turns into an
/// address of version 4, nor those for documentation.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0x0000..=0x01ff | 0x0db8, ..] | [0x2002, ..] | [0x3fff, 0x0000..=0x0fff, ..] => {
            false
        }
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_public_internet() {
        for address in [
            "1.1.1.1",
            "93.184.216.34",
            "172.32.0.1",
            "192.0.1.1",
            "100.128.0.1",
            "2606:4700::1111",
            "2a00::1",
            "2001:4860::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "127.255.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_deadline_that_has_passed_ends_everything() {
        let past = Instant::now();
        let local = [SocketAddr::from(([127, 0, 0, 1], 1))];
        assert_eq!(
            connect(&local, past).unwrap_err().kind(),
            ErrorKind::TimedOut
        );
        let name = Host::Domain("localhost".to_owned());
        assert_eq!(
            resolve(&name, 1, past).unwrap_err().kind(),
            ErrorKind::TimedOut
        );
    }
}
