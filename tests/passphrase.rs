//! A passphrase that is asked for on a terminal.
//!
//! The terminal is made by `script` of util-linux, which every Debian has; the options are its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use common::World;

/// The binary on a terminal of its own.
struct Terminal {
    child: Child,
    shown: String,
}

impl Terminal {
    fn of(world: &World, arguments: &str) -> Self {
        let binary = env!("CARGO_BIN_EXE_filigrane");
        let mut command = Command::new("script");
        command
            .args(["--quiet", "--flush", "--return", "--command"])
            .arg(format!("'{binary}' {arguments}"))
            .arg("/dev/null")
            .current_dir(world.root())
            .env("HOME", world.path("home"))
            .env("FILIGRANE_HOME", world.path("home/config"))
            .env("FILIGRANE_REGISTRY", world.path("registry.sqlite3"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        Self {
            child: command.spawn().unwrap(),
            shown: String::new(),
        }
    }

    /// Waits until the terminal shows a text after what was seen before, then types a line.
    #[track_caller]
    fn answers(&mut self, prompt: &str, line: &str) {
        let from = self.shown.len();
        let output = self.child.stdout.as_mut().unwrap();
        while !self.shown[from..].contains(prompt) {
            let mut byte = [0];
            assert_eq!(
                output.read(&mut byte).unwrap(),
                1,
                "no {prompt:?} in {:?}",
                self.shown
            );
            self.shown.push(char::from(byte[0]));
        }
        self.hides_what_is_typed();
        let input = self.child.stdin.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
    }

    /// Waits until the terminal no longer echoes, which is a moment after the prompt.
    fn hides_what_is_typed(&self) {
        let script = self.child.id();
        let children = format!("/proc/{script}/task/{script}/children");
        let child = std::fs::read_to_string(children).unwrap();
        // Fails when the program ends without having hidden anything.
        while let Ok(terminal) = std::fs::read_link(format!("/proc/{}/fd/0", child.trim())) {
            let mut stty = Command::new("stty");
            let settings = stty.arg("-F").arg(terminal).arg("-a").output().unwrap();
            if String::from_utf8_lossy(&settings.stdout).contains(" -echo ") {
                return;
            }
        }
        panic!("what is typed is shown");
    }

    /// Exit status, and everything that was on the terminal.
    fn ends(mut self) -> (i32, String) {
        let output = self.child.stdout.as_mut().unwrap();
        let mut rest = Vec::new();
        output.read_to_end(&mut rest).unwrap();
        self.shown.push_str(&String::from_utf8_lossy(&rest));
        (self.child.wait().unwrap().code().unwrap(), self.shown)
    }
}

#[test]
fn a_key_under_a_passphrase_is_made_and_used_on_a_terminal() {
    let world = World::new();
    world.sample("generated.png");

    let mut terminal = Terminal::of(&world, "keygen -o studio --encrypt");
    terminal.answers("New passphrase: ", "correct horse");
    terminal.answers("The same again: ", "correct house");
    let (status, shown) = terminal.ends();
    assert_eq!(status, 2, "{shown}");
    assert!(shown.contains("the two passphrases differ"), "{shown}");
    assert!(!world.path("studio.pem").exists());

    let mut terminal = Terminal::of(&world, "keygen -o studio --encrypt");
    terminal.answers("New passphrase: ", "correct horse");
    terminal.answers("The same again: ", "correct horse");
    let (status, shown) = terminal.ends();
    assert_eq!(status, 0, "{shown}");
    assert!(!shown.contains("horse"), "shown while typed: {shown}");
    let pem = std::fs::read_to_string(world.path("studio.pem")).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));

    let stamp =
        "stamp generated.png --key studio.key --signing-key studio.pem --chain studio.chain.pem";
    let mut terminal = Terminal::of(&world, stamp);
    terminal.answers("Passphrase of studio.pem: ", "wrong");
    let (status, shown) = terminal.ends();
    assert_eq!(status, 2, "{shown}");
    assert!(shown.contains("passphrase is wrong"), "{shown}");
    assert!(!world.path("generated.stamped.png").exists());

    let mut terminal = Terminal::of(&world, stamp);
    terminal.answers("Passphrase of studio.pem: ", "correct horse");
    let (status, shown) = terminal.ends();
    assert_eq!(status, 0, "{shown}");
    assert!(world.path("generated.stamped.png").exists());
}

/// Without a terminal the command says what does without one, and does not wait.
#[test]
fn without_a_terminal_a_passphrase_file_is_asked_for() {
    let world = World::new();
    let mut command = Command::new("setsid");
    let output = command
        .args(["--wait", env!("CARGO_BIN_EXE_filigrane")])
        .args(["keygen", "-o", "studio", "--encrypt"])
        .current_dir(world.root())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("--passphrase-file"), "{message}");
    assert!(world.files().is_empty());
}
