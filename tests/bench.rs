//! `filigrane bench`: a folder in, measured figures out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{World, sample};

#[test]
fn pictures_are_measured_and_reported() {
    let world = World::new();
    std::fs::create_dir(world.path("corpus")).unwrap();
    std::fs::copy(sample("generated.png"), world.path("corpus/one.png")).unwrap();
    let run = world
        .run(&[
            "bench",
            "--corpus",
            "corpus",
            "--attacks",
            "none,jpeg-80",
            "--html",
            "report.html",
            "--jsonl",
            "run.jsonl",
        ])
        .exits(0);
    assert!(
        run.out.contains("| jpeg-80 | coding | 1/1 |"),
        "{}",
        run.out
    );
    let page = std::fs::read_to_string(world.path("report.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("data:image/png;base64,"));
    assert!(!page.contains("http"), "nothing from outside");
    let lines = std::fs::read_to_string(world.path("run.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 1 + 1 + 2);
}

#[test]
fn what_cannot_be_measured_is_an_error() {
    let world = World::new();
    std::fs::create_dir(world.path("empty")).unwrap();
    world.run(&["bench", "--corpus", "empty"]).exits(2);
    world.run(&["bench"]).exits(2);
    let run = world
        .run(&["bench", "--corpus", "empty", "--media", "audio", "--copy"])
        .exits(2);
    assert!(
        run.err.contains("`--copy` needs `--media image`"),
        "{}",
        run.err
    );
}
