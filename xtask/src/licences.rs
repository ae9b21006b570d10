//! Every dependency's licence expression against the list in `deny.toml`.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::steps::workspace;

pub(crate) fn check() -> Result<()> {
    let allowed = allowed_licences()?;
    let packages = packages()?;
    let refused: Vec<String> = packages
        .iter()
        .filter_map(|package| refusal(package, &allowed))
        .collect();
    if !refused.is_empty() {
        bail!(
            "licences that `deny.toml` does not allow:\n{}",
            refused.join("\n")
        );
    }
    println!(
        "xtask: the licences of {} packages are allowed",
        packages.len()
    );
    Ok(())
}

fn allowed_licences() -> Result<Vec<spdx::Licensee>> {
    let text = std::fs::read_to_string(workspace().join("deny.toml")).context("deny.toml")?;
    let policy: toml::Table = text.parse().context("deny.toml")?;
    let allow = policy
        .get("licenses")
        .and_then(|table| table.get("allow"))
        .and_then(toml::Value::as_array);
    allow
        .context("deny.toml has no list licenses.allow")?
        .iter()
        .map(|name| {
            let name = name.as_str().context("deny.toml: a licence is no text")?;
            spdx::Licensee::parse(name).with_context(|| format!("deny.toml: `{name}`"))
        })
        .collect()
}

/// What `cargo metadata` says of every package in the lock file.
fn packages() -> Result<Vec<Value>> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(workspace())
        .output()
        .context("cargo could not be started")?;
    if !output.status.success() {
        bail!(
            "`cargo metadata` failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    Ok(metadata
        .get("packages")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default())
}

/// Why a package's licence is not allowed.
fn refusal(package: &Value, allowed: &[spdx::Licensee]) -> Option<String> {
    let text = |field| package.get(field).and_then(Value::as_str).unwrap_or("?");
    let licence = text("license");
    let permitted =
        spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX).is_ok_and(|expression| {
            expression.evaluate(|requirement| {
                allowed
                    .iter()
                    .any(|licensee| licensee.satisfies(requirement))
            })
        });
    (!permitted).then(|| format!("  {} {}: {licence}", text("name"), text("version")))
}
