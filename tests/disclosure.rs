//! What stamping tells beside the mark: the disclosure, choices on training, and the AIGC label.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;
use serde_json::json;

const SHA256: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

#[test]
fn a_manifest_tells_who_made_it_with_what_and_when() {
    let world = World::new();
    world.sample("photo.jpg");
    std::fs::write(world.path("prompt.txt"), "a fox in the snow\n").unwrap();
    let arguments = [
        "stamp",
        "photo.jpg",
        "--provider",
        "Studio <SARL>",
        "--model",
        "fox/2.1",
        "--model-sha256",
        SHA256,
        "--prompt-file",
        "prompt.txt",
        "--training-mining",
        "not-allowed",
        "--training-mining",
        "ai-inference=allowed",
        "--json",
    ];
    let stamped = world.run(&arguments).exits(0).object();
    let report = world.run(&["verify", "photo.stamped.jpg", "--json"]);
    let report = report.exits(0).object();
    assert_eq!(report["verdict"], "verified", "{report:#}");
    let credentials = &report["credentials"];
    let disclosure = &credentials["disclosure"];
    assert_eq!(disclosure["provider"], "Studio <SARL>", "{report:#}");
    let system = json!({"name": "fox", "version": "2.1", "sha256": SHA256});
    assert_eq!(disclosure["system"], system);
    assert_eq!(disclosure["identifier"], stamped["id"]);
    let time = disclosure["time"].as_str().unwrap();
    assert!(time.starts_with("20") && time.ends_with('Z'), "{time}");
    let choices = json!({
        "data_mining": "notAllowed",
        "ai_inference": "allowed",
        "ai_training": "notAllowed",
        "ai_generative_training": "notAllowed",
    });
    assert_eq!(credentials["training_mining"], choices);
    let prompt: filigrane::PromptHash =
        serde_json::from_value(disclosure["prompt"].clone()).unwrap();
    assert!(prompt.is_of("a fox in the snow"));
    let bytes = std::fs::read(world.path("photo.stamped.jpg")).unwrap();
    assert!(!bytes.windows(11).any(|window| window == b"fox in the "));

    let words = world.run(&["verify", "photo.stamped.jpg"]).exits(0).out;
    assert!(
        words.contains("made with Studio <SARL> · fox 2.1 · 20"),
        "{words}"
    );
    let words = world.run(&["inspect", "photo.stamped.jpg"]).exits(0).out;
    for line in [
        "provider    Studio <SARL>",
        "ai_training: notAllowed",
        SHA256,
    ] {
        assert!(words.contains(line), "{words}");
    }
}

#[test]
fn what_is_not_said_is_not_there_but_time_and_program() {
    let world = World::new();
    world.sample("speech.wav");
    world.run(&["stamp", "speech.wav"]).exits(0);
    let report = world.run(&["verify", "speech.stamped.wav", "--json"]);
    let credentials = report.exits(0).object()["credentials"].clone();
    assert_eq!(credentials["disclosure"]["system"]["name"], "filigrane");
    assert!(credentials["disclosure"]["provider"].is_null());
    assert!(credentials["disclosure"]["prompt"].is_null());
    assert!(credentials["training_mining"].is_null());
}

#[test]
fn the_aigc_label_is_written_into_every_format_that_has_a_place_for_it() {
    let world = World::new();
    let formats = [
        ("photo.jpg", "jpeg"),
        ("photo.jpg", "png"),
        ("photo.jpg", "webp"),
        ("speech.wav", "wav"),
        ("music.flac", "flac"),
    ];
    for (number, (source, format)) in formats.iter().enumerate() {
        world.sample(source);
        let target = format!("labelled{number}.{format}");
        let arguments = ["stamp", source, "-o", &target, "--format", format];
        let arguments = [
            &arguments[..],
            &["--aigc", "--provider", "工作室", "--json"],
        ]
        .concat();
        let stamped = world.run(&arguments).exits(0).object();
        let facts = world.run(&["inspect", &target, "--json"]).exits(0).object();
        assert_eq!(facts["aigc"]["Label"], "1", "{format}: {facts:#}");
        assert_eq!(facts["aigc"]["ContentProducer"], "工作室");
        assert_eq!(facts["aigc"]["ProduceID"], stamped["id"]);
        let report = world.run(&["verify", &target, "--json"]).exits(0).object();
        assert_eq!(report["verdict"], "verified", "{report:#}");
    }
}

#[test]
fn a_label_that_would_be_wrong_or_has_no_place_is_refused() {
    let world = World::new();
    world.sample("photo.jpg");
    let run = world.run(&["stamp", "photo.jpg", "--aigc", "--origin", "captured"]);
    let run = run.exits(2);
    assert!(run.err.contains("the origin is `captured`"), "{}", run.err);
    assert!(!world.path("photo.stamped.jpg").exists());
    let run = world.run(&["stamp", "photo.jpg", "--training-mining", "never"]);
    assert!(run.exits(2).err.contains("found `never`"));
    let run = world.run(&["stamp", "photo.jpg", "--model", "m", "--model-sha256", "12"]);
    assert!(run.exits(2).err.contains("expected 64 hexadecimal digits"));
    let run = world.run(&["stamp", "photo.jpg", "--prompt-file", "nowhere.txt"]);
    assert!(run.exits(2).err.contains("nowhere.txt"));
}
