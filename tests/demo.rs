//! `filigrane demo`, the README's first command.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

#[test]
fn the_demo_shows_every_verdict_it_promises() {
    let world = World::new();
    let run = world.run(&["demo", "-o", "shown"]).exits(0);
    for (verdict, at_least) in [
        ("verified", 4),
        ("recovered", 4),
        ("tampered", 1),
        ("no-marks", 1),
    ] {
        let count = run
            .out
            .lines()
            .filter(|line| line.contains(verdict))
            .count();
        assert!(count >= at_least, "{verdict}: {count}\n{}", run.out);
    }
    assert!(
        run.out.contains("shown"),
        "the folder is named: {}",
        run.out
    );
    assert!(world.path("shown").is_dir());

    // It can be run again, and it touches nothing outside its folder.
    world.run(&["demo", "-o", "shown"]).exits(0);
    assert_eq!(world.files(), ["shown"]);
    assert!(
        !world.path("home").exists(),
        "the demo left the user's folders alone"
    );

    // A folder that is not the demo's own is left alone.
    std::fs::create_dir(world.path("mine")).unwrap();
    std::fs::write(world.path("mine/precious.txt"), "x").unwrap();
    world.run(&["demo", "-o", "mine"]).exits(4);
    assert_eq!(std::fs::read_dir(world.path("mine")).unwrap().count(), 1);
}
