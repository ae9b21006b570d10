//! Secret keys and signing identities.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

#[test]
fn keygen_makes_owner_only_files_and_never_overwrites() {
    let world = World::new();
    world.run(&["keygen", "-o", "studio"]).exits(0);
    assert_eq!(
        world.files(),
        [
            "studio.anchor.pem",
            "studio.chain.pem",
            "studio.key",
            "studio.pem"
        ]
    );
    #[cfg(unix)]
    for secret in ["studio.key", "studio.pem"] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            world.path(secret).metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{secret}"
        );
    }
    let before = std::fs::read(world.path("studio.key")).unwrap();
    world.run(&["keygen", "-o", "studio"]).exits(4);
    assert_eq!(std::fs::read(world.path("studio.key")).unwrap(), before);
    // One file in the way is enough, and nothing else is made then.
    std::fs::write(world.path("other.pem"), "").unwrap();
    world.run(&["keygen", "-o", "other"]).exits(4);
    assert!(!world.path("other.key").exists());
}

#[test]
fn only_holders_of_a_secret_key_detect_its_marks() {
    let world = World::new();
    world.sample("generated.png");
    world
        .run(&["keygen", "-o", "studio", "--watermark-only"])
        .exits(0);
    world
        .run(&["keygen", "-o", "rival", "--watermark-only"])
        .exits(0);
    world
        .run(&[
            "embed",
            "generated.png",
            "-o",
            "marked.png",
            "--key",
            "studio.key",
        ])
        .exits(0);
    world.run(&["detect", "marked.png"]).exits(1);
    world
        .run(&["detect", "marked.png", "--key", "rival.key"])
        .exits(1);
    let found = world.run(&[
        "detect",
        "marked.png",
        "--key",
        "rival.key",
        "--key",
        "studio.key",
        "--json",
    ]);
    let found = found.exits(0).object();
    let text = std::fs::read_to_string(world.path("studio.key")).unwrap();
    let id = text
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .unwrap()
        .to_owned();
    assert_eq!(found["key_id"], id.as_str());
    let secret = text
        .lines()
        .find_map(|line| line.strip_prefix("secret: "))
        .unwrap();
    assert!(!found.to_string().contains(secret));
}

#[test]
fn the_public_key_is_always_tried() {
    let world = World::new();
    world.sample("generated.png");
    world
        .run(&["keygen", "-o", "studio", "--watermark-only"])
        .exits(0);
    world
        .run(&["embed", "generated.png", "-o", "marked.png"])
        .exits(0);
    world
        .run(&["detect", "marked.png", "--key", "studio.key"])
        .exits(0);
}

#[test]
fn an_own_identity_is_trusted_under_its_anchor_only() {
    let world = World::new();
    world.sample("photo.jpg");
    world
        .run(&["keygen", "-o", "studio", "--name", "Studio Zwölf"])
        .exits(0);
    let stamp = [
        "stamp",
        "photo.jpg",
        "-o",
        "s.jpg",
        "--key",
        "studio.key",
        "--signing-key",
        "studio.pem",
    ];
    let run = world
        .filigrane()
        .args(stamp)
        .args(["--chain", "studio.chain.pem"])
        .output()
        .unwrap();
    assert_eq!(
        run.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let verify = ["verify", "s.jpg", "--key", "studio.key", "--json"];
    let report = world
        .run(&[&verify[..], &["--trust", "studio.anchor.pem"]].concat())
        .exits(0)
        .object();
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(report["credentials"]["state"], "trusted");
    let report = world.run(&verify).object();
    assert_ne!(report["verdict"], "verified", "{report:#}");
    assert_eq!(report["credentials"]["state"], "valid-unknown-signer");
}

#[test]
fn layers_can_be_insisted_on() {
    let world = World::new();
    world.sample("photo.jpg");
    world.run(&["keygen", "-o", "studio"]).exits(0);
    let signs = ["--signing-key", "studio.pem", "--chain", "studio.chain.pem"];
    world
        .run(&[&["stamp", "photo.jpg", "-o", "s.jpg"], &signs[..]].concat())
        .exits(0);
    let verify = |arguments: &[&str]| world.run(&[&["verify", "--json"], arguments].concat());
    let lacking = |report: &serde_json::Value| -> Vec<String> {
        let unmet = report["unmet"].as_array().cloned().unwrap_or_default();
        for one in &unmet {
            assert!(one["explanation"].as_str().unwrap().ends_with('.'), "{one}");
        }
        let name = |one: &serde_json::Value| one["requirement"].as_str().unwrap().to_owned();
        unmet.iter().map(name).collect()
    };

    let met = verify(&["s.jpg", "--require", "watermark,credentials,registry"]).exits(0);
    assert!(lacking(&met.object()).is_empty());
    let untrusted = verify(&["s.jpg", "--require", "trusted,watermark"]).exits(1);
    assert_eq!(lacking(&untrusted.object()), ["trusted"]);
    let anchor = [
        "s.jpg",
        "--trust",
        "studio.anchor.pem",
        "--require",
        "trusted",
    ];
    verify(&anchor).exits(0);
    let unregistered = ["s.jpg", "--no-registry", "--require", "registry"];
    assert_eq!(
        lacking(&verify(&unregistered).exits(1).object()),
        ["registry"]
    );
    let bare = verify(&["photo.jpg", "--require", "watermark,credentials,trusted"]).exits(1);
    assert_eq!(
        lacking(&bare.object()),
        ["watermark", "credentials", "trusted"]
    );

    // The development identity is no trust anchor that was given.
    world.run(&["stamp", "photo.jpg", "-o", "dev.jpg"]).exits(0);
    let development = world.run(&["verify", "dev.jpg", "--require", "trusted"]);
    let text = development.exits(1).out;
    assert!(
        text.contains("not met") && text.contains("development identity"),
        "{text}"
    );
    // A contradiction stays the worse answer, and a layer that does not exist is a usage error.
    let mut bytes = std::fs::read(world.path("s.jpg")).unwrap();
    let near_end = bytes.len() - 40;
    bytes[near_end] ^= 1;
    std::fs::write(world.path("tampered.jpg"), bytes).unwrap();
    let tampered = verify(&["tampered.jpg", "--require", "credentials"]).exits(3);
    assert_eq!(lacking(&tampered.object()), ["credentials"]);
    verify(&["s.jpg", "--require", "signed"]).exits(2);
}

#[test]
fn a_key_under_a_passphrase_signs_with_it_only() {
    let world = World::new();
    world.sample("photo.jpg");
    std::fs::write(world.path("right"), "correct horse\nsecond line\n").unwrap();
    std::fs::write(world.path("wrong"), "battery staple\n").unwrap();
    std::fs::write(world.path("empty"), "\n").unwrap();
    let keygen = ["keygen", "-o", "studio", "--algorithm", "p256"];
    let refused = world.run(&[&keygen[..], &["--passphrase-file", "empty"]].concat());
    assert!(refused.exits(2).err.contains("empty"));
    assert!(!world.path("studio.key").exists());
    world
        .run(&[&keygen[..], &["--passphrase-file", "right"]].concat())
        .exits(0);
    let pem = std::fs::read_to_string(world.path("studio.pem")).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));

    let stamp = [
        "stamp",
        "photo.jpg",
        "-o",
        "s.jpg",
        "--signing-key",
        "studio.pem",
        "--chain",
        "studio.chain.pem",
        "--passphrase-file",
    ];
    let refused = world.run(&[&stamp[..], &["wrong"]].concat()).exits(2);
    assert!(
        refused.err.contains("passphrase is wrong"),
        "{}",
        refused.err
    );
    assert!(!world.path("s.jpg").exists());
    world.run(&[&stamp[..], &["right"]].concat()).exits(0);
    let verify = ["verify", "s.jpg", "--trust", "studio.anchor.pem", "--json"];
    let report = world.run(&verify).exits(0).object();
    assert_eq!(report["credentials"]["state"], "trusted", "{report:#}");
}

#[test]
fn a_signing_request_comes_with_its_key_and_no_certificate() {
    let world = World::new();
    let request = ["keygen", "-o", "studio", "--csr"];
    world.run(&request).exits(2);
    let short = ["--organization", "Studio SARL", "--country", "France"];
    world.run(&[&request[..], &short].concat()).exits(2);
    assert!(world.files().is_empty());
    world
        .run(&[&request[..], &["--organization", "Studio SARL"]].concat())
        .exits(0);
    assert_eq!(world.files(), ["studio.csr", "studio.key", "studio.pem"]);
    let openssl = std::process::Command::new("openssl")
        .args(["req", "-verify", "-noout", "-subject", "-in"])
        .arg(world.path("studio.csr"))
        .output();
    let Ok(checked) = openssl else {
        eprintln!("skipped: there is no `openssl`");
        return;
    };
    assert!(checked.status.success());
    let subject = String::from_utf8(checked.stdout).unwrap();
    assert!(subject.contains("O = Studio SARL"), "{subject}");
}

/// A certificate of a few days from an authority that `openssl` plays: the whole way from the request to the stamp.
#[cfg(unix)]
#[test]
fn a_program_signs_under_a_certificate_that_expires_soon() {
    let world = World::new();
    world.sample("photo.jpg");
    let openssl = |arguments: &str| {
        std::process::Command::new("openssl")
            .current_dir(world.root())
            .args(arguments.split(' '))
            .output()
    };
    if openssl("version").is_err() {
        eprintln!("skipped: there is no `openssl`");
        return;
    }
    let keygen = "keygen -o studio --csr --organization Studio --algorithm p256";
    world.run(&keygen.split(' ').collect::<Vec<_>>()).exits(0);
    let profile = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
        extendedKeyUsage=emailProtection,1.3.6.1.4.1.62558.2.1\n\
        subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
    std::fs::write(world.path("profile"), profile).unwrap();
    for step in [
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.pem -out ca.crt -days 30 -subj /O=Test/CN=Authority",
        "x509 -req -in studio.csr -CA ca.crt -CAkey ca.pem -CAcreateserial -days 7 -extfile profile -out studio.crt",
    ] {
        let output = openssl(step).unwrap();
        assert!(
            output.status.success(),
            "{step}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let stamp = "stamp photo.jpg -o s.jpg --chain studio.crt --signer-command openssl \
        --signer-arg dgst --signer-arg -sha256 --signer-arg -sign --signer-arg studio.pem";
    let arguments: Vec<&str> = stamp.split_whitespace().collect();
    let stamped = world.run(&arguments).exits(0);
    assert!(
        stamped.err.contains("certificate expires in "),
        "{}",
        stamped.err
    );
    let verify = ["verify", "s.jpg", "--trust", "ca.crt", "--json"];
    let report = world.run(&verify).exits(0).object();
    assert_eq!(report["credentials"]["state"], "trusted", "{report:#}");
}

#[test]
fn a_time_stamp_that_cannot_be_had_stops_or_is_told() {
    let world = World::new();
    world.sample("photo.jpg");
    // A port where nobody listens; one that was just free may be another test's by now.
    let url = "http://127.0.0.1:1/";
    let stamp = |mode: &str, status: i32| {
        let run = world.run(&[
            "stamp",
            "photo.jpg",
            "-o",
            "s.jpg",
            "--time-stamp",
            url,
            "--time-stamp-mode",
            mode,
            "--json",
        ]);
        run.exits(status)
    };
    let run = stamp("required", 2);
    assert!(
        run.err.contains("time-stamp") && run.err.contains("best-effort"),
        "{}",
        run.err
    );
    assert!(!world.path("s.jpg").exists());
    let run = stamp("best-effort", 0);
    assert!(run.err.contains("not time-stamped"), "{}", run.err);
    let object = run.object();
    assert_eq!(object["time_stamped"], false);
    assert!(object["time_stamp_failure"].is_string(), "{object:#}");
    world.run(&["verify", "s.jpg"]).exits(0);
    std::fs::remove_file(world.path("s.jpg")).unwrap();
    let run = stamp("off", 0);
    assert!(!run.err.contains("not time-stamped"), "{}", run.err);
    let bad = [
        "stamp",
        "photo.jpg",
        "-o",
        "t.jpg",
        "--time-stamp",
        "https://a",
    ];
    world.run(&bad).exits(2);
}
