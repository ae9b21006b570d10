//! Manifests that lie elsewhere: reported, or fetched from hosts that are named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;

use common::World;
use serde_json::Value;

/// A server that answers every request with these bytes.
fn serve(listener: TcpListener, body: Vec<u8>) {
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut question = Vec::new();
            let mut byte = [0];
            while !question.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                question.push(byte[0]);
            }
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    (listener, host)
}

/// Takes the manifest out of a stamped JPEG, and puts a pointer to a place of the same length there: the signature leaves
/// out those bytes, so that the rest is what was signed.
fn detach(jpeg: &[u8], url: &str) -> (Vec<u8>, Vec<u8>) {
    let is_manifest = |start: &usize| {
        let rest = &jpeg[*start..];
        rest.starts_with(&[0xff, 0xeb]) && rest.get(4..6) == Some(b"JP")
    };
    let start = (0..jpeg.len()).find(is_manifest).unwrap();
    let length = usize::from(u16::from_be_bytes([jpeg[start + 2], jpeg[start + 3]]));
    let end = start + 2 + length;
    // `JP`, two bytes of number, four of sequence; then the box.
    let manifest = jpeg[start + 12..end].to_vec();
    let promised = u32::from_be_bytes(manifest[..4].try_into().unwrap()) as usize;
    assert_eq!(promised, manifest.len(), "one segment holds all of it");
    let mut xmp = format!(
        "http://ns.adobe.com/xap/1.0/\0<?xpacket begin=\"\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:dcterms=\"http://purl.org/dc/terms/\" dcterms:provenance=\"{url}\"/>\
         </rdf:RDF></x:xmpmeta>"
    );
    let tail = "<?xpacket end=\"w\"?>";
    xmp.push_str(&" ".repeat(length - 2 - xmp.len() - tail.len()));
    xmp.push_str(tail);
    let mut pointing = jpeg.to_vec();
    pointing[start + 1] = 0xe1;
    pointing[start + 4..end].copy_from_slice(xmp.as_bytes());
    (pointing, manifest)
}

/// A world with a stamped picture whose manifest lies at an address, and that manifest.
fn world(url: &str) -> (World, Vec<u8>) {
    let world = World::new();
    world.sample("photo.jpg");
    world.run(&["stamp", "photo.jpg", "-o", "s.jpg"]).exits(0);
    let stamped = std::fs::read(world.path("s.jpg")).unwrap();
    let (pointing, manifest) = detach(&stamped, url);
    std::fs::write(world.path("p.jpg"), pointing).unwrap();
    (world, manifest)
}

fn verify(world: &World, file: &str, arguments: &[&str], status: i32) -> Value {
    let verify = [
        "verify",
        file,
        "--json",
        "--search",
        "in-place",
        "--no-registry",
    ];
    world
        .run(&[&verify[..], arguments].concat())
        .exits(status)
        .object()
}

#[test]
fn a_manifest_is_fetched_only_from_a_host_that_is_named() {
    let (listener, host) = listen();
    let url = format!("http://{host}/m.c2pa");
    let (world, manifest) = world(&url);
    serve(listener, manifest);
    let report = verify(&world, "p.jpg", &[], 0);
    assert_eq!(report["credentials"]["state"], "remote-only", "{report:#}");
    assert_eq!(report["credentials"]["remote_url"], url.as_str());
    assert_eq!(report["verdict"], "marked");

    let fetch = ["--fetch", "--fetch-host", &host];
    for place in [&[][..], &["--in-process"]] {
        let report = verify(&world, "p.jpg", &[&fetch[..], place].concat(), 0);
        assert_eq!(report["verdict"], "verified", "{report:#}");
        assert_eq!(report["credentials"]["fetched_from"], url.as_str());
        assert_eq!(report["development_identity"], true);
    }
    let other = ["--fetch", "--fetch-host", "manifests.example"];
    let report = verify(&world, "p.jpg", &other, 0);
    assert_eq!(report["credentials"]["state"], "remote-only", "{report:#}");
    let why = report["credentials"]["fetch_failure"].as_str().unwrap();
    assert!(why.contains(&host) && why.contains("not among"), "{why}");
    // Content that was changed is not what the manifest was made for.
    let mut changed = std::fs::read(world.path("p.jpg")).unwrap();
    let near_end = changed.len() - 40;
    changed[near_end] ^= 1;
    std::fs::write(world.path("c.jpg"), changed).unwrap();
    let report = verify(&world, "c.jpg", &fetch, 3);
    assert_eq!(report["verdict"], "tampered", "{report:#}");
    assert_eq!(report["credentials"]["fetched_from"], url.as_str());
    for usage in [
        &["--fetch"][..],
        &["--fetch-host", "a.example"],
        &["--fetch", "--fetch-host", "*"],
    ] {
        world.run(&[&["verify", "p.jpg"], usage].concat()).exits(2);
    }
}

#[test]
fn what_is_no_manifest_is_told_and_proves_nothing() {
    let (listener, host) = listen();
    let (world, _) = world(&format!("http://{host}/m.c2pa"));
    serve(listener, b"<html>\x1b[2Jgone</html>".to_vec());
    let fetch = ["--fetch", "--fetch-host", &host];
    let report = verify(&world, "p.jpg", &fetch, 0);
    assert_eq!(report["verdict"], "marked", "{report:#}");
    assert_eq!(report["credentials"]["state"], "remote-only");
    let why = report["credentials"]["fetch_failure"].as_str().unwrap();
    assert!(why.ends_with("is no manifest"), "{why}");
    let verify = ["verify", "p.jpg", "--no-registry", "--search", "in-place"];
    let text = world.run(&[&verify[..], &fetch[..]].concat());
    assert!(text.exits(0).out.contains("not fetched: what lies at"));
}
