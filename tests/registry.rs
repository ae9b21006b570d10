//! The registry's commands, end to end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

#[test]
fn the_log_is_checked_exchanged_and_forgotten_from() {
    let world = World::new();
    world.sample("photo.jpg");
    let stamp = |target: &str| {
        let run = world.run(&[
            "stamp",
            "photo.jpg",
            "-o",
            target,
            "--registry",
            "r.db",
            "--json",
        ]);
        run.exits(0).object()["id"].as_str().unwrap().to_owned()
    };
    let first = stamp("a.jpg");
    let verified = world
        .run(&[
            "registry",
            "verify",
            "--registry",
            "r.db",
            "--save",
            "head",
            "--json",
        ])
        .exits(0)
        .json();
    assert_eq!(verified[0]["holds"], true);
    assert_eq!(verified[0]["entries"], 1);
    let head = std::fs::read_to_string(world.path("head")).unwrap();
    assert!(head.starts_with("filigrane-registry/") && head.contains("\n\n— filigrane-registry/"));

    let second = stamp("b.jpg");
    let listed = world
        .run(&["registry", "list", "--registry", "r.db", "--json"])
        .exits(0)
        .json();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["id"], second.as_str());
    let shown = world
        .run(&["registry", "show", &first, "--registry", "r.db", "--json"])
        .exits(0)
        .json();
    assert_eq!(shown[0]["proof"]["leaf"], 0);
    assert_eq!(shown[0]["proof"]["size"], 2);

    // Elsewhere the export brings the credentials back, from this log only if that was asked for.
    world
        .run(&["registry", "export", "--registry", "r.db", "-o", "r.jsonl"])
        .exits(0);
    world
        .run(&["registry", "export", "--registry", "r.db", "-o", "r.jsonl"])
        .exits(4);
    let key = verified[0]["log_key"].as_str().unwrap();
    let imported = world
        .run(&[
            "registry",
            "import",
            "r.jsonl",
            "--registry",
            "other.db",
            "--log-key",
            key,
            "--json",
        ])
        .exits(0)
        .json();
    assert_eq!(imported[0]["added"], 2);
    let report = world
        .run(&["verify", "a.jpg", "--registry", "other.db", "--json"])
        .exits(0)
        .object();
    assert_eq!(report["registry"]["same_file"], true);
    let text = std::fs::read_to_string(world.path("r.jsonl")).unwrap();
    std::fs::write(
        world.path("forged.jsonl"),
        text.replace("filigrane 0", "filigrane 1"),
    )
    .unwrap();
    world
        .run(&[
            "registry",
            "import",
            "forged.jsonl",
            "--registry",
            "forged.db",
        ])
        .exits(3);

    // Forgotten is unknown, and the log still holds and continues.
    world
        .run(&["registry", "forget", &first, "--registry", "r.db"])
        .exits(0);
    world
        .run(&["registry", "forget", &first, "--registry", "r.db"])
        .exits(1);
    world
        .run(&["registry", "show", &first, "--registry", "r.db"])
        .exits(1);
    let verified = world
        .run(&[
            "registry",
            "verify",
            "--registry",
            "r.db",
            "--since",
            "head",
            "--json",
        ])
        .exits(0)
        .json();
    assert_eq!(verified[0]["forgotten"], 1);
    assert_eq!(verified[0]["continues"], 1);
    let report = world
        .run(&["verify", "a.jpg", "--registry", "r.db", "--json"])
        .exits(0)
        .object();
    assert_eq!(report["registry"]["state"], "unknown");

    // Another registry does not continue this one's head.
    let run = world
        .run(&[
            "registry",
            "verify",
            "--registry",
            "other.db",
            "--since",
            "head",
        ])
        .exits(3);
    assert!(run.out.contains("broken"), "{}", run.out);
    world
        .run(&["registry", "verify", "--registry", "absent.db"])
        .exits(2);
    assert!(!world.path("absent.db").exists());
}
