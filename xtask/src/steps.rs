//! The steps of `cargo xtask test`, each a command that stops everything when it fails.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Every step, the quick ones first.
pub(crate) fn all() -> Result<()> {
    format()?;
    crate::licences::check()?;
    deny()?;
    clippy()?;
    docs()?;
    unit()
}

pub(crate) fn format() -> Result<()> {
    cargo(&["fmt", "--all", "--check"], &[])
}

pub(crate) fn clippy() -> Result<()> {
    cargo(
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
        &[],
    )
}

pub(crate) fn docs() -> Result<()> {
    let denied = [("RUSTDOCFLAGS", "-D warnings")];
    cargo(
        &[
            "doc",
            "--workspace",
            "--no-deps",
            "--all-features",
            "--locked",
        ],
        &denied,
    )
}

pub(crate) fn unit() -> Result<()> {
    // Doctests first: the runner's summary of all other tests stays the last thing to read.
    cargo(
        &[
            "test",
            "--workspace",
            "--doc",
            "--all-features",
            "--locked",
            "--quiet",
        ],
        &[],
    )?;
    if is_installed("nextest") {
        cargo(
            &[
                "nextest",
                "run",
                "--workspace",
                "--all-features",
                "--locked",
                "--no-fail-fast",
            ],
            &[],
        )
    } else {
        cargo(
            &[
                "test",
                "--workspace",
                "--all-features",
                "--locked",
                "--lib",
                "--bins",
                "--tests",
            ],
            &[],
        )
    }
}

/// Bans and sources always; advisories where their database can be reached.
pub(crate) fn deny() -> Result<()> {
    if !is_installed("deny") {
        println!(
            "xtask: cargo-deny is not installed; licences were checked, bans and advisories were not"
        );
        return Ok(());
    }
    cargo(&["deny", "check", "bans", "licenses", "sources"], &[])?;
    if cargo(&["deny", "fetch", "db"], &[]).is_err() {
        println!("xtask: the advisory database cannot be reached; advisories were not checked");
        return Ok(());
    }
    cargo(&["deny", "check", "--disable-fetch", "advisories"], &[])
}

fn is_installed(subcommand: &str) -> bool {
    Command::new("cargo")
        .args([subcommand, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    println!("xtask: cargo {}", arguments.join(" "));
    let status = Command::new("cargo")
        .args(arguments)
        // Incremental files double the size of the target folder and speed up nothing in a run
        // from a cold cache.
        .env("CARGO_INCREMENTAL", "0")
        .envs(environment.iter().copied())
        .current_dir(workspace())
        .status()
        .context("cargo could not be started")?;
    if !status.success() {
        bail!("`cargo {}` failed: {status}", arguments.join(" "));
    }
    Ok(())
}

/// The workspace's root folder.
pub(crate) fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}
