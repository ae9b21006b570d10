//! Whom `verify` trusts, and what it says of lists that it cannot use.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

const SIGNED: [&str; 8] = [
    "stamp",
    "photo.jpg",
    "-o",
    "s.jpg",
    "--signing-key",
    "studio.pem",
    "--chain",
    "studio.chain.pem",
];

fn state(world: &World, trust: &[&str]) -> (String, String) {
    let run = world.run(&[&["verify", "s.jpg", "--json"], trust].concat());
    let report = run.exits(0).object();
    let state = report["credentials"]["state"].as_str().unwrap().to_owned();
    (state, report["explanation"].as_str().unwrap().to_owned())
}

#[test]
fn lists_with_comments_and_allowed_signers_are_taken() {
    let world = World::new();
    world.sample("photo.jpg");
    world.run(&["keygen", "-o", "studio"]).exits(0);
    world.run(&["keygen", "-o", "other"]).exits(0);
    world.run(&SIGNED).exits(0);
    let text = |name: &str| std::fs::read_to_string(world.path(name)).unwrap();
    let list = format!(
        "# published on Monday\nSubject\tCN=other\n{}\nSubject\tCN=studio\n{}",
        text("other.anchor.pem"),
        text("studio.anchor.pem")
    );
    std::fs::write(world.path("list.pem"), list).unwrap();
    let end = "-----END CERTIFICATE-----\n";
    let leaf = text("studio.chain.pem")
        .split_inclusive(end)
        .next()
        .unwrap()
        .to_owned();
    std::fs::write(world.path("allowed.pem"), leaf).unwrap();

    let (by_list, words) = state(&world, &["--trust", "list.pem"]);
    assert!(
        by_list == "trusted" && words.contains("a trust anchor vouches"),
        "{words}"
    );
    let (allowed, words) = state(&world, &["--trust-allowed", "allowed.pem", "--in-process"]);
    assert!(
        allowed == "trusted" && words.contains("the allowed list vouches"),
        "{words}"
    );
    let (allowed, _) = state(&world, &["--trust-allowed", "allowed.pem"]);
    assert_eq!(allowed, "trusted");
    // Who is trusted for time-stamps is not trusted for claims.
    let (for_stamps, _) = state(&world, &["--trust-tsa", "studio.anchor.pem"]);
    assert_eq!(for_stamps, "valid-unknown-signer");
    let (other, _) = state(&world, &["--trust", "other.anchor.pem"]);
    assert_eq!(other, "valid-unknown-signer");
}

#[test]
fn what_cannot_be_used_is_named() {
    let world = World::new();
    world.sample("photo.jpg");
    world.run(&["keygen", "-o", "studio"]).exits(0);
    std::fs::write(world.path("empty.pem"), "").unwrap();
    std::fs::write(world.path("comments.pem"), "# nobody\n").unwrap();
    for (arguments, found) in [
        (["--trust", "empty.pem"], "it is empty"),
        (["--trust-tsa", "comments.pem"], "no certificate"),
        (
            ["--trust", "studio.chain.pem"],
            "authority's certificate, found",
        ),
        (["--trust-allowed", "comments.pem"], "comments only"),
        (["--trust-allowed", "studio.chain.pem"], "an authority's"),
        (["--trust", "missing.pem"], "No such file"),
    ] {
        for place in [&[][..], &["--in-process"]] {
            let run = world.run(&[&["verify", "photo.jpg"], &arguments[..], place].concat());
            let run = run.exits(2);
            let names = format!("`{}`", arguments[1]);
            assert!(
                run.err.contains(&names) && run.err.contains(found),
                "{}",
                run.err
            );
        }
    }
}
