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
