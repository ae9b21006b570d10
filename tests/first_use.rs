//! The newcomer's first five minutes: no flags, no set-up.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

#[test]
fn stamp_and_verify_need_no_flags() {
    let world = World::new();
    world.sample("photo.jpg");
    let run = world.run(&["stamp", "photo.jpg"]).exits(0);
    assert!(
        run.err.contains("development identity"),
        "the development identity is loud: {}",
        run.err
    );
    assert!(world.path("photo.stamped.jpg").exists());

    let run = world.run(&["verify", "photo.stamped.jpg"]).exits(0);
    assert!(run.out.contains("verified"), "{}", run.out);
    assert!(run.out.contains("development identity"), "{}", run.out);

    // The identity is made once and used again.
    world.sample("generated.png");
    let run = world.run(&["stamp", "generated.png"]).exits(0);
    assert!(
        !run.err.contains("made a development identity"),
        "{}",
        run.err
    );
}

#[test]
fn sound_is_as_easy() {
    let world = World::new();
    world.sample("speech.wav");
    world.run(&["stamp", "speech.wav"]).exits(0);
    let report = world
        .run(&["verify", "speech.stamped.wav", "--json"])
        .exits(0)
        .object();
    assert_eq!(report["verdict"], "verified");
    assert_eq!(report["watermark"]["outcome"], "found");
    assert_eq!(report["media"], "audio");
}

#[test]
fn unmarked_files_have_no_marks_and_nothing_more_is_claimed() {
    let world = World::new();
    world.sample("unmarked.jpg");
    let run = world.run(&["verify", "unmarked.jpg"]).exits(1);
    assert!(run.out.contains("no-marks"), "{}", run.out);
    for claim in ["human-made", "authentic", "not AI", "real photo"] {
        assert!(!run.out.contains(claim), "{}", run.out);
    }
    assert!(run.out.contains("does not mean"), "{}", run.out);
}

#[test]
fn help_is_there_at_every_level() {
    let world = World::new();
    for arguments in [
        &["--help"][..],
        &["stamp", "--help"],
        &["verify", "-h"],
        &["help", "detect"],
    ] {
        let run = world.run(arguments).exits(0);
        assert!(run.out.contains("Usage:"), "{}", run.out);
    }
    world.run(&[]).exits(2);
    world.run(&["stamp"]).exits(2);
    world.run(&["frobnicate"]).exits(2);
    let version = world.run(&["--version"]).exits(0).out;
    assert!(version.starts_with("filigrane 0."), "{version}");
}

#[test]
fn completions_and_manual_pages_are_generated() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = world.run(&["completions", shell]).exits(0);
        assert!(run.out.contains("stamp"), "{shell}");
    }
    let page = world.run(&["man"]).exits(0).out;
    assert!(page.contains(".TH filigrane 1"), "{page}");
    world.run(&["man", "--out-dir", "man"]).exits(0);
    assert!(world.path("man/filigrane-stamp.1").exists());
}
