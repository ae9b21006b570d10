//! Strings in a manifest and in a file's name that were made to hurt whoever shows them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
use common::World;

/// A name and a string of each family.
const ATTACKS: [(&str, &str); 16] = [
    ("erase the screen", "photo\u{1b}[2J\u{1b}[H"),
    ("set the window's title", "photo\u{1b}]0;owned\u{7}"),
    (
        "hide a link",
        "\u{1b}]8;;https://example.org/\u{1b}\\photo\u{1b}]8;;\u{1b}\\",
    ),
    ("eight-bit control sequences", "photo\u{9b}2J\u{90}x\u{9c}"),
    ("overwrite the line", "tampered\rverified       photo.jpg"),
    ("forge a line", "photo\nverified          other.jpg\n"),
    (
        "forge a line by Unicode",
        "photo\u{2028}verified\u{2029}other\u{85}x",
    ),
    (
        "turn the reading order",
        "photo\u{202e}gpj.exe\u{2066}\u{61c}\u{200f}",
    ),
    (
        "letters that are not seen",
        "ver\u{200b}ified\u{feff}\u{2060}\u{ad}\u{e0041}",
    ),
    (
        "markup",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
    ),
    (
        "templates and queries",
        "{{7*7}} ${jndi:ldap://x} %s%n '; DROP TABLE entry; --",
    ),
    ("paths", "../../../../etc/passwd C:\\..\\x"),
    (
        "other controls",
        "back\u{8}space\tta\u{b}b sub\u{1a}stitute dele\u{7f}te esc\u{1b}ape",
    ),
    (
        "escapes that are written out",
        "a\\x00b\\0c\\u0000d 0x00 \\r\\n \\u001b[2J &#27; %1b",
    ),
    ("quotes", "1' or '1'='1' /* \") or (\"\"=\" `'\\\" -- "),
    (
        "handlers and schemes",
        "\" onmouseover=\"x\" y=\" javascript:alert(1) data:text/html,x",
    ),
];

/// Longer than anything that is shown in a line.
const LONG: usize = 10_000;

/// Whether a character does something else than being drawn; line ends are looked at by the callers.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n')
        || "\u{2028}\u{2029}\u{202e}\u{2066}\u{61c}\u{200f}\u{200b}\u{feff}\u{2060}\u{ad}\u{e0041}"
            .contains(c)
}

#[test]
fn strings_of_a_manifest_are_shown_and_not_obeyed() {
    let world = World::new();
    world.sample("photo.jpg");
    let long = "A".repeat(LONG);
    let long = ("ten thousand letters", long.as_str());
    for (family, attack) in ATTACKS.into_iter().chain([long]) {
        let generator = format!("{}/1.0", attack.replace('/', "-"));
        let stamp = [
            "stamp",
            "photo.jpg",
            "-o",
            "s.jpg",
            "--force",
            "--title",
            attack,
            "--generator",
            &generator,
            "--model",
            &generator,
        ];
        let stamped = world.run(&stamp).exits(0);
        assert!(!stamped.out.chars().any(steers), "{family}: {stamped:?}");
        for command in ["verify", "inspect"] {
            let text = world.run(&[command, "s.jpg"]).exits(0);
            assert!(!text.out.chars().any(steers), "{family}: {}", text.out);
            assert!(!text.err.chars().any(steers), "{family}: {}", text.err);
            assert!(text.out.lines().all(|line| line.len() < LONG), "{family}");
            for line in text.out.lines().skip(1) {
                assert!(line.starts_with("  "), "a forged line, {family}: {line}");
            }
            let json = world.run(&[command, "s.jpg", "--json"]).exits(0);
            assert!(!json.out.chars().any(steers), "{family}: {}", json.out);
            let object = json.object();
            assert_eq!(object["credentials"]["title"], attack, "{family}");
        }
    }
}

#[cfg(unix)]
#[test]
fn names_of_files_are_shown_and_not_obeyed() {
    let world = World::new();
    for (family, attack) in ATTACKS {
        let name = attack.replace('/', "-");
        std::fs::write(world.path(&name), "no picture").unwrap();
        for command in ["verify", "detect", "inspect", "stamp"] {
            let run = world.run(&[command, "--", &name]).exits(2);
            assert!(!run.err.chars().any(steers), "{family}: {}", run.err);
            let json = world.run(&[command, "--json", "--", &name]).exits(2);
            assert!(!json.out.chars().any(steers), "{family}: {}", json.out);
            assert_eq!(json.object()["file"], name.as_str(), "{family}");
        }
        std::fs::remove_file(world.path(&name)).unwrap();
    }
}
