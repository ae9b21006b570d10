//! A stamp that is killed leaves no half file at its target.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn a_killed_stamp_leaves_a_whole_file_or_none() {
    let world = World::new();
    world.sample("photo.jpg");
    // The first run makes the identity and shows that the rest would succeed.
    world
        .run(&["stamp", "photo.jpg", "-o", "whole.jpg"])
        .exits(0);
    for milliseconds in [0, 5, 15, 30, 50, 80, 120, 180, 260, 400] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_filigrane"))
            .current_dir(world.root())
            .env("XDG_CONFIG_HOME", world.path("home/config"))
            .env("XDG_DATA_HOME", world.path("home/data"))
            .args(["stamp", "photo.jpg", "-o", "target.jpg"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        let target = world.path("target.jpg");
        if target.exists() {
            world.run(&["verify", "target.jpg"]).exits(0);
            std::fs::remove_file(target).unwrap();
        }
    }
    // What was killed holds no lock: the next stamp and the registry work.
    world
        .run(&["stamp", "photo.jpg", "-o", "after.jpg"])
        .exits(0);
    world.run(&["verify", "after.jpg"]).exits(0);
}

#[test]
fn several_processes_stamp_at_once() {
    let world = World::new();
    world.sample("photo.jpg");
    let children: Vec<_> = (0..4)
        .map(|number| {
            Command::new(env!("CARGO_BIN_EXE_filigrane"))
                .current_dir(world.root())
                .env("XDG_CONFIG_HOME", world.path("home/config"))
                .env("XDG_DATA_HOME", world.path("home/data"))
                .args(["stamp", "photo.jpg", "-o", &format!("out{number}.jpg")])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    world
        .run(&["verify", "out0.jpg", "out1.jpg", "out2.jpg", "out3.jpg"])
        .exits(0);
}

#[test]
fn an_interrupt_finishes_what_runs_and_exits_with_130() {
    let world = World::new();
    let sample = std::fs::read(world.sample("unmarked.jpg")).unwrap();
    std::fs::create_dir(world.path("many")).unwrap();
    for number in 0..150 {
        std::fs::write(world.path(&format!("many/{number:03}.jpg")), &sample).unwrap();
    }
    let child = Command::new(env!("CARGO_BIN_EXE_filigrane"))
        .current_dir(world.root())
        .args(["detect", "many", "-r", "-j", "1", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(700));
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let text = String::from_utf8(output.stdout).unwrap();
    let summary: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(summary["interrupted"], true);
    let files = summary["files"].as_u64().unwrap();
    assert!(
        files < 150 && files as usize == text.lines().count() - 1,
        "{summary}"
    );
}
