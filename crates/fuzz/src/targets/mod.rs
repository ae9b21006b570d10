//! The targets, from single parsers to whole commands.

mod credentials;
mod keys;
mod media;
mod network;
mod registry;
mod whole;

use crate::{Target, seeds};

const MIB: usize = 1 << 20;

/// All targets. The bounds on memory leave room above the most that was seen in an hour of mutations.
pub const TARGETS: &[Target] = &[
    target("probe", MIB, both, media::probe),
    // TIFF's decoder: 64 MiB of buffers, and 32 MiB for each of its largest fields.
    target("picture", 160 * MIB, seeds::pictures, media::picture),
    target("sound", 256 * MIB, seeds::sounds, media::sound),
    target("metadata", 96 * MIB, both, media::metadata),
    target("xmp", 16 * MIB, media::xmp_seeds, media::xmp),
    target(
        "manifest",
        128 * MIB,
        credentials::files,
        credentials::manifest,
    ),
    target(
        "detached",
        128 * MIB,
        credentials::manifests,
        credentials::detached,
    ),
    target(
        "soft-binding",
        16 * MIB,
        credentials::assertions,
        credentials::soft_binding,
    ),
    target(
        "time-stamp",
        16 * MIB,
        credentials::answers,
        credentials::time_stamp,
    ),
    target(
        "http",
        16 * MIB,
        network::authority_answers,
        network::authority,
    ),
    target("fetch", 16 * MIB, network::fetch_answers, network::fetch),
    target(
        "private-key",
        96 * MIB,
        seeds::private_keys,
        keys::private_key,
    ),
    target("certificates", 16 * MIB, keys::chains, keys::certificates),
    target("key-file", MIB, keys::key_files, keys::key_file),
    target("note", MIB, registry::notes, registry::note),
    target("import", 16 * MIB, registry::exports, registry::import),
    target(
        "revocations",
        16 * MIB,
        registry::lists,
        registry::revocations,
    ),
    target("inspect", 256 * MIB, whole::files, whole::inspect),
    target("detect", 256 * MIB, whole::files, whole::detect),
    target("verify", 256 * MIB, whole::files, whole::verify),
    target("stamp", 256 * MIB, whole::files, whole::stamp),
];

const fn target(
    name: &'static str,
    memory: usize,
    seeds: fn() -> Vec<Vec<u8>>,
    run: fn(&[u8]),
) -> Target {
    Target {
        name,
        memory,
        seeds,
        run,
    }
}

fn both() -> Vec<Vec<u8>> {
    [seeds::pictures(), seeds::sounds()].concat()
}

/// Holds a message to be shown as it is: a file must not speak to the terminal through it.
fn plain(message: &impl ToString) {
    let message = message.to_string();
    assert!(!message.is_empty(), "an error without a word");
    assert!(
        !message.chars().any(char::is_control),
        "a message that steers the terminal: {message:?}"
    );
}
