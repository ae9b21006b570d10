//! Whether a mark is on the content that it was registered for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;
use filigrane::{Limits, rework::recode};

fn stamped(world: &World) -> String {
    world.sample("photo.jpg");
    let run = world
        .run(&["stamp", "photo.jpg", "-o", "s.jpg", "--json"])
        .exits(0);
    run.object()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_recoded_picture_is_the_same_and_recovered() {
    let world = World::new();
    stamped(&world);
    let report = world.run(&["verify", "s.jpg", "--json"]).exits(0).object();
    assert_eq!(report["fingerprint"]["state"], "same", "{report:#}");
    assert_eq!(report["registry"]["entries"][0]["same_file"], true);
    let bytes = std::fs::read(world.path("s.jpg")).unwrap();
    let recoded = recode(&bytes, &Limits::default()).unwrap();
    std::fs::write(world.path("recoded.jpg"), recoded.bytes).unwrap();
    let report = world
        .run(&["verify", "recoded.jpg", "--json"])
        .exits(0)
        .object();
    assert_eq!(report["verdict"], "recovered", "{report:#}");
    assert_eq!(report["fingerprint"]["state"], "same");
    let text = world.run(&["verify", "recoded.jpg"]).exits(0).out;
    assert!(
        text.contains("fingerprint  same") && text.contains("registry     stamped"),
        "{text}"
    );
}

#[test]
fn a_registered_identifier_on_another_picture_is_a_conflict() {
    let world = World::new();
    let id = stamped(&world);
    world.sample("generated.png");
    // Everybody has the public key, and identifiers can be read from marks.
    world
        .run(&["embed", "generated.png", "-o", "forged.png", "--id", &id])
        .exits(0);
    let report = world
        .run(&["verify", "forged.png", "--json"])
        .exits(3)
        .object();
    assert_eq!(report["verdict"], "conflict", "{report:#}");
    assert_eq!(report["fingerprint"]["state"], "different");
}

#[test]
fn a_second_rendition_under_one_identifier_is_offered_and_chosen() {
    let world = World::new();
    let id = stamped(&world);
    world.sample("generated.png");
    world
        .run(&["stamp", "generated.png", "-o", "second.png", "--id", &id])
        .exits(0);
    for name in ["s.jpg", "second.png"] {
        let report = world.run(&["verify", name, "--json"]).exits(0).object();
        assert_eq!(report["fingerprint"]["state"], "same", "{report:#}");
        assert_eq!(report["registry"]["entries"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn a_picture_without_its_mark_is_still_recognised() {
    let world = World::new();
    let id = stamped(&world);
    let report = world
        .run(&["verify", "photo.jpg", "--json"])
        .exits(1)
        .object();
    assert_eq!(report["verdict"], "no-marks");
    assert_eq!(report["fingerprint"]["state"], "similar", "{report:#}");
    assert_eq!(report["fingerprint"]["ids"][0], id.as_str());
    world.sample("generated.png");
    let report = world
        .run(&["verify", "generated.png", "--json"])
        .exits(1)
        .object();
    assert_eq!(report["fingerprint"]["state"], "not-available");
}

/// A sound stamped in another world with the public key, and the identifier that it has.
fn stamped_sound(world: &World) -> String {
    world.sample("speech.wav");
    let run = world
        .run(&["stamp", "speech.wav", "-o", "s.wav", "--json"])
        .exits(0);
    run.object()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_recoded_sound_is_the_same_and_recovered() {
    let world = World::new();
    stamped_sound(&world);
    let bytes = std::fs::read(world.path("s.wav")).unwrap();
    let recoded = recode(&bytes, &Limits::default()).unwrap();
    std::fs::write(world.path("recoded"), recoded.bytes).unwrap();
    let report = world
        .run(&["verify", "recoded", "--json"])
        .exits(0)
        .object();
    assert_eq!(report["verdict"], "recovered", "{report:#}");
    assert_eq!(report["fingerprint"]["state"], "same");
    let text = world.run(&["verify", "recoded"]).exits(0).out;
    assert!(text.contains("fingerprint  same"), "{text}");
}

#[test]
fn a_registered_identifier_on_another_sound_is_a_conflict() {
    let world = World::new();
    let id = stamped_sound(&world);
    world.sample("music.flac");
    world
        .run(&["embed", "music.flac", "-o", "forged.flac", "--id", &id])
        .exits(0);
    let report = world
        .run(&["verify", "forged.flac", "--json"])
        .exits(3)
        .object();
    assert_eq!(report["verdict"], "conflict", "{report:#}");
    assert_eq!(report["fingerprint"]["state"], "different");
}

#[test]
fn a_sound_without_its_mark_is_still_recognised() {
    let world = World::new();
    let id = stamped_sound(&world);
    let report = world
        .run(&["verify", "speech.wav", "--json"])
        .exits(1)
        .object();
    assert_eq!(report["verdict"], "no-marks");
    assert_eq!(report["fingerprint"]["state"], "similar", "{report:#}");
    assert_eq!(report["fingerprint"]["ids"][0], id.as_str());
}
