//! Lists of what no longer counts: made, extended, and read by `verify`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;
use serde_json::Value;

const SIGNS: [&str; 4] = ["--signing-key", "studio.pem", "--chain", "studio.chain.pem"];

/// A world with a studio's key and identity, a key for lists, and a stamped picture.
fn world() -> World {
    let world = World::new();
    world.sample("photo.jpg");
    world.run(&["keygen", "-o", "studio"]).exits(0);
    world.run(&["keygen", "-o", "lists"]).exits(0);
    let stamp = ["stamp", "photo.jpg", "-o", "s.jpg", "--key", "studio.key"];
    world.run(&[&stamp[..], &SIGNS].concat()).exits(0);
    world
}

fn key_id(world: &World) -> String {
    let text = std::fs::read_to_string(world.path("studio.key")).unwrap();
    let id = text.lines().find_map(|line| line.strip_prefix("id: "));
    id.unwrap().to_owned()
}

fn revoke(world: &World, arguments: &[&str], status: i32) -> common::Run {
    let revoke = ["revoke", "--list", "list", "--signing-key", "lists.pem"];
    world.run(&[&revoke[..], arguments].concat()).exits(status)
}

fn verify(world: &World, arguments: &[&str], status: i32) -> Value {
    let verify = [
        "verify",
        "--json",
        "--key",
        "studio.key",
        "--search",
        "in-place",
    ];
    let lists = ["--revocations", "list", "--revocations-key", "list.pub"];
    let trust = ["--trust", "studio.anchor.pem"];
    let run = world.run(&[&verify[..], &lists, &trust, arguments].concat());
    run.exits(status).object()
}

#[test]
fn a_revoked_key_counts_only_for_what_was_there_before() {
    let world = world();
    let id = key_id(&world);
    revoke(
        &world,
        &["--key-id", &id, "--reason", "lost", "--since", "2000-01-01"],
        0,
    );
    // Trusted credentials still stand for themselves; the mark adds nothing.
    for place in [&[][..], &["--in-process"]] {
        let report = verify(&world, &[&["s.jpg"], place].concat(), 0);
        assert_eq!(report["verdict"], "credentials-only", "{report:#}");
        let words = report["explanation"].as_str().unwrap();
        assert!(
            words.contains("revoked from 2000-01-01T00:00:00Z on (lost)"),
            "{words}"
        );
        let revocations = &report["revocations"];
        assert_eq!(revocations["lists"][0]["number"], 1, "{report:#}");
        assert_eq!(revocations["revoked"][0]["id"], id.as_str());
        assert_eq!(revocations["revoked"][0]["layer"], "watermark");
        assert_eq!(revocations["revoked"][0].get("counts_by"), None);
    }
    let report = verify(&world, &["s.jpg", "--require", "watermark"], 1);
    assert_eq!(report["unmet"][0]["requirement"], "watermark");
    // Stripped, nothing brings the credentials back.
    world
        .run(&[
            "embed",
            "photo.jpg",
            "-o",
            "m.png",
            "--key",
            "studio.key",
            "--format",
            "png",
        ])
        .exits(0);
    let report = verify(&world, &["m.png"], 0);
    assert_eq!(report["verdict"], "marked", "{report:#}");
}

#[test]
fn what_will_be_revoked_still_counts() {
    let world = world();
    let id = key_id(&world);
    let reason = ["--reason", "end of term", "--since", "2100-01-01"];
    revoke(&world, &[&["--key-id", &id][..], &reason].concat(), 0);
    let report = verify(&world, &["s.jpg", "--no-registry"], 0);
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(
        report["revocations"]["revoked"].as_array().unwrap().len(),
        0
    );
}

/// Another world whose list revokes from a time on.
fn world_with_list(target: &[&str], since: &str) -> World {
    let world = world();
    revoke(
        &world,
        &[target, &["--reason", "test", "--since", since]].concat(),
        0,
    );
    world
}

#[test]
fn the_registry_shows_what_was_marked_before() {
    let world = world();
    let id = key_id(&world);
    // From now on: the picture was stamped and registered some moments before.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let text = revoke(&world, &["--key-id", &id, "--reason", "lost"], 0);
    assert!(
        text.out.contains("revoked") && text.err.contains("list 1 of"),
        "{}",
        text.err
    );
    let report = verify(&world, &["s.jpg"], 0);
    assert_eq!(report["verdict"], "verified", "{report:#}");
    assert_eq!(report["revocations"]["revoked"][0]["counts_by"], "registry");
    // Another rendition is not that very file.
    let report = verify(&world, &["s.jpg", "--no-registry"], 0);
    assert_eq!(report["verdict"], "credentials-only", "{report:#}");
    let run = world.run(&[
        "verify",
        "s.jpg",
        "--key",
        "studio.key",
        "--revocations",
        "list",
        "--revocations-key",
        "list.pub",
        "--search",
        "in-place",
    ]);
    let out = run.exits(0).out;
    assert!(
        out.contains("revocations  list 1 of") && out.contains("· lost · used before"),
        "{out}"
    );
}

#[test]
fn a_revoked_certificate_makes_credentials_invalid() {
    for target in [
        &["--certificate", "studio.chain.pem"][..],
        &["--certificate", "studio.anchor.pem"],
    ] {
        let world = world_with_list(target, "2000-01-01");
        let report = verify(&world, &["s.jpg"], 3);
        assert_eq!(report["verdict"], "tampered", "{report:#}");
        let failure = &report["credentials"]["failures"][0];
        assert_eq!(failure["code"], "signingCredential.revoked");
        let words = report["explanation"].as_str().unwrap();
        assert!(words.contains("was revoked from 2000"), "{words}");
        let revoked = &report["revocations"]["revoked"];
        assert_eq!(revoked[0]["layer"], "credentials");
        // The registered manifest has the same signer.
        assert_eq!(
            revoked.as_array().unwrap().last().unwrap()["layer"],
            "registered-manifest"
        );
    }
    // Another certificate of the same authority is not meant.
    let world = world();
    let serial = ["--issuer", "studio.anchor.pem", "--serial", "00:01"];
    revoke(
        &world,
        &[&serial[..], &["--reason", "x", "--since", "2000-01-01"]].concat(),
        0,
    );
    assert_eq!(verify(&world, &["s.jpg"], 0)["verdict"], "verified");
}

#[test]
fn lists_only_grow() {
    let world = world();
    let entry = |id: char| format!("k:{}", String::from(id).repeat(32));
    for (index, id) in ['a', 'b', 'c'].into_iter().enumerate() {
        let run = revoke(
            &world,
            &["--key-id", &entry(id), "--reason", "x", "--json"],
            0,
        );
        let object = &run.json()[0];
        assert_eq!(object["number"], index + 1, "{object:#}");
        assert_eq!(object["entries"], index + 1);
    }
    let before = std::fs::read(world.path("list")).unwrap();
    let text = String::from_utf8(before.clone()).unwrap();
    for id in ['a', 'b', 'c'] {
        assert!(text.contains(&entry(id)), "{text}");
    }
    // Nothing new, nothing written.
    let again = revoke(&world, &["--key-id", &entry('a'), "--reason", "y"], 0);
    assert!(again.out.contains("already"), "{}", again.out);
    // Another key, a list that was touched, bad arguments: refused, and the list stays.
    let other = ["revoke", "--list", "list", "--signing-key", "studio.pem"];
    let target = ["--key-id", &entry('d'), "--reason", "x"];
    world.run(&[&other[..], &target].concat()).exits(4);
    for bad in [
        &["--key-id", "k:12", "--reason", "x"][..],
        &["--key-id", &entry('d'), "--reason", ""],
        &[
            "--key-id",
            &entry('d'),
            "--reason",
            "x",
            "--since",
            "yesterday",
        ],
        &["--certificate", "lists.pem", "--reason", "x"],
        &["--serial", "01", "--reason", "x"],
        &["--reason", "x"],
    ] {
        revoke(&world, bad, 2);
    }
    assert_eq!(std::fs::read(world.path("list")).unwrap(), before);
    std::fs::write(world.path("list"), text.replace("\"x\"", "\"y\"")).unwrap();
    revoke(&world, &target, 2);
    let run = world.run(&[
        "verify",
        "s.jpg",
        "--revocations",
        "list",
        "--revocations-key",
        "list.pub",
    ]);
    let run = run.exits(2);
    assert!(
        run.err.contains("`list`") && run.err.contains("signature does not hold"),
        "{}",
        run.err
    );
    // A list that vanished is not begun anew.
    std::fs::remove_file(world.path("list")).unwrap();
    assert!(revoke(&world, &target, 4).err.contains("gone"));
    world
        .run(&["verify", "s.jpg", "--revocations", "list"])
        .exits(2);
}

/// Writers that know nothing of each other.
#[test]
fn many_writers_lose_nothing() {
    let world = World::new();
    world.run(&["keygen", "-o", "lists"]).exits(0);
    let ids: Vec<String> = (0..8).map(|id| format!("k:{id:032x}")).collect();
    std::thread::scope(|scope| {
        for id in &ids {
            scope.spawn(|| revoke(&world, &["--key-id", id, "--reason", "x"], 0));
        }
    });
    let text = std::fs::read_to_string(world.path("list")).unwrap();
    assert!(text.contains("\"number\":8"), "{text}");
    assert!(ids.iter().all(|id| text.contains(id)), "{text}");
}
