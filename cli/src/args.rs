//! The command line as text: parsed here into raw values, turned into objects by the commands.
//!
//! One definition gives `-h`, `--help`, the man pages and the completions. Nothing here touches the
//! world.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use filigrane::{AudioStrength, Requirement, Search, TrainingMining};

/// Mark generated images and audio, and check such marks.
#[derive(Debug, Parser)]
#[command(
    name = "filigrane",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit status: 0 affirmative · 1 negative answer · 2 usage or input/output error · \
                  3 evidence invalid or contradictory · 4 refused · 5 a batch finished with failures · \
                  130 interrupted",
    after_long_help = AFTER_HELP
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

const AFTER_HELP: &str = "\
Start here:
  filigrane demo                      see all of it work on bundled samples
  filigrane stamp picture.png         writes picture.stamped.png
  filigrane verify picture.stamped.png

Exit status:
  0    affirmative: marked, found, verified
  1    negative answer: nothing found, or not sure
  2    usage or input/output error
  3    evidence is present but invalid or contradictory
  4    refused: would overwrite, too small to mark, would destroy credentials
  5    a batch of several files finished with failures
  130  interrupted
With many files the largest status wins. \"Nothing found\" never means that a person made the file.";

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Print JSON Lines: one object per file, then a summary
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no progress, notes or warnings on standard error
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// When to use colour; `NO_COLOR` is honoured
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN", hide_possible_values = true)]
    pub(crate) color: When,
    /// Folder of the development identity and settings [default: the user's configuration folder]
    #[arg(
        long,
        global = true,
        env = "FILIGRANE_HOME",
        value_name = "DIR",
        hide_short_help = true
    )]
    pub(crate) home: Option<PathBuf>,
}

/// A choice that can be left to the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stamp, strip, damage and verify bundled samples: the whole job in one command
    Demo(Demo),
    /// Make a secret watermark key and a signing identity
    Keygen(Keygen),
    /// Put only the invisible watermark into images and sounds
    Embed(Embed),
    /// Watermark, sign (C2PA), register, and read everything back
    Stamp(Box<Stamp>),
    /// Look only for the watermark: a measurement
    Detect(Detect),
    /// Read every layer and give one verdict
    Verify(Verify),
    /// What `verify` starts for untrusted files
    #[command(hide = true)]
    VerifyWorker(VerifyWorker),
    /// Show facts of a file: format, tags, manifest; no key and no verdict
    Inspect(Inspect),
    /// Look into the registry, check its signed log, exchange or forget entries
    Registry(Registry),
    /// Make a signed list of keys and certificates that no longer count, or add to it
    Revoke(Revoke),
    /// Measure the watermarks on a folder of media: robustness, quality, false positives, speed
    #[cfg(feature = "bench")]
    Bench(Box<Bench>),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print the manual page, or write all of them into a folder
    Man(Man),
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Folder for the demo's files; made if missing
    #[arg(long, short, value_name = "DIR", default_value = "filigrane-demo")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// Path without extension: `studio` makes studio.key, studio.pem, studio.chain.pem, studio.anchor.pem
    #[arg(long, short, value_name = "PATH")]
    pub(crate) output: PathBuf,
    /// Name inside the key and the certificate [default: the last part of PATH]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Make only the watermark key
    #[arg(long)]
    pub(crate) watermark_only: bool,
    /// Kind of the signing key
    #[arg(long, value_enum, default_value_t = AlgorithmArg::Ed25519, value_name = "KIND")]
    pub(crate) algorithm: AlgorithmArg,
    /// Put the signing key under a passphrase, asked for on the terminal
    #[arg(long, conflicts_with = "watermark_only")]
    pub(crate) encrypt: bool,
    /// Put the signing key under the passphrase on the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "watermark_only")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Make a signing request (PATH.csr) for a real certificate authority, and no certificate
    #[arg(long, requires = "organization", conflicts_with = "watermark_only")]
    pub(crate) csr: bool,
    /// With `--csr`: the organisation in the certificate
    #[arg(long, value_name = "NAME", requires = "csr")]
    pub(crate) organization: Option<String>,
    /// With `--csr`: the country in the certificate, two letters
    #[arg(long, value_name = "CODE", requires = "csr")]
    pub(crate) country: Option<String>,
}

/// Kinds of signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AlgorithmArg {
    /// Ed25519
    Ed25519,
    /// ECDSA on P-256
    P256,
    /// ECDSA on P-384
    P384,
}

/// Which files to read.
#[derive(Debug, Args)]
pub(crate) struct Inputs {
    /// Files, folders (with `-r`), or `-` for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Go into folders
    #[arg(long, short)]
    pub(crate) recursive: bool,
    /// Files worked on at once [default: the number of cores]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// Limits that are on by default, because files may be hostile.
#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// Largest file, in bytes [default: 512 MiB]
    #[arg(long, value_name = "BYTES", hide_short_help = true)]
    pub(crate) max_bytes: Option<u64>,
    /// Largest picture, in pixels [default: 200 million]
    #[arg(long, value_name = "PIXELS", hide_short_help = true)]
    pub(crate) max_pixels: Option<u64>,
    /// Longest sound, in seconds [default: 4 hours]
    #[arg(long, value_name = "SECONDS", hide_short_help = true)]
    pub(crate) max_duration: Option<f64>,
}

/// Where results go. Without any of these the suffix `.stamped` or `.marked` makes the name.
#[derive(Debug, Args)]
pub(crate) struct Outputs {
    /// Write to this file, or to standard output for `-`; one input only
    #[arg(long, short, value_name = "FILE", group = "target")]
    pub(crate) output: Option<PathBuf>,
    /// Write into this folder, keeping the tree below each input folder
    #[arg(long, value_name = "DIR", group = "target")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Put this before the extension: `photo.jpg` with `.marked` becomes `photo.marked.jpg`
    #[arg(long, value_name = "TEXT", group = "target")]
    pub(crate) suffix: Option<String>,
    /// Replace the input itself
    #[arg(long, group = "target")]
    pub(crate) in_place: bool,
    /// With `--in-place`: keep the original as FILE.orig
    #[arg(long, requires = "in_place")]
    pub(crate) backup: bool,
    /// Overwrite existing targets
    #[arg(long, short)]
    pub(crate) force: bool,
    /// Write this format instead of the input's, such as png, jpeg, webp, wav, flac
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// Quality of lossy formats, 1 to 100 [default: close to the input's]
    #[arg(long, value_name = "Q", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: Option<u8>,
}

/// What the mark says.
#[derive(Debug, Args)]
pub(crate) struct MarkArgs {
    /// Key file that marks [default: the public key, which anybody can detect]
    #[arg(long, short, value_name = "FILE", env = "FILIGRANE_KEY")]
    pub(crate) key: Option<PathBuf>,
    /// How the medium came to be
    #[arg(long, value_enum, default_value_t = OriginArg::Generated, value_name = "ORIGIN")]
    pub(crate) origin: OriginArg,
    /// Identifier, 22 hexadecimal digits [default: random]; one input only
    #[arg(long, value_name = "HEX")]
    pub(crate) id: Option<String>,
    /// How strongly sounds are marked: `subtle` (for what will not be coded at low rates), `usual`, or `strong` (for
    /// telephones and noise); pictures are marked as strongly as they allow
    #[arg(long, default_value_t, value_name = "STRENGTH", hide_short_help = true)]
    pub(crate) audio_strength: AudioStrength,
    /// Mark again what carries a mark of this key already
    #[arg(long)]
    pub(crate) remark: bool,
}

/// Origins that can be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OriginArg {
    /// Made by a generative model
    Generated,
    /// Edited with a generative model
    Edited,
    /// Captured by a device or made by a person
    Captured,
    /// No claim
    Other,
}

#[derive(Debug, Args)]
pub(crate) struct Embed {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    #[command(flatten)]
    pub(crate) mark: MarkArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Stamp {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    #[command(flatten)]
    pub(crate) mark: MarkArgs,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    /// Your program's name and version, as `my-app/1.2`
    #[arg(long, value_name = "NAME/VERSION")]
    pub(crate) generator: Option<String>,
    /// Model that made the medium, as `sdxl-turbo` or `sdxl-turbo/1.0`
    #[arg(long, value_name = "NAME[/VERSION]")]
    pub(crate) model: Option<String>,
    /// Keep the mark of this key that a file has already, and sign a manifest that names it
    #[arg(long, conflicts_with = "remark")]
    pub(crate) keep_mark: bool,
    /// SHA-256 of the model's file, for the manifest
    #[arg(long, value_name = "HEX", requires = "model", value_parser = sha256)]
    pub(crate) model_sha256: Option<String>,
    /// Who provides the system that made the medium, for the manifest
    #[arg(long, value_name = "NAME", env = "FILIGRANE_PROVIDER")]
    pub(crate) provider: Option<String>,
    /// File with the prompt; the manifest gets a salted hash of it without line breaks at the end, never the text
    #[arg(long, value_name = "FILE")]
    pub(crate) prompt_file: Option<PathBuf>,
    /// What the manifest says about training and mining (CAWG): `allowed`, `not-allowed` or `constrained`, for all uses
    /// or as USE=PERMISSION with data-mining, ai-inference, ai-training or ai-generative-training; may be given
    /// several times
    #[arg(long, value_name = "PERMISSION")]
    pub(crate) training_mining: Vec<TrainingMining>,
    /// Also write the `AIGC` metadata label of China's GB 45438-2025
    #[arg(long)]
    pub(crate) aigc: bool,
    /// Also put a thumbnail of a picture into its manifest: a JPEG of at most 256 pixels along each side
    #[arg(long)]
    pub(crate) thumbnail: bool,
    /// Write the manifest beside the file, with the extension `c2pa`, even where the format has a place for it; TIFF,
    /// BMP and Opus have none
    #[arg(long)]
    pub(crate) sidecar: bool,
    /// Only sign files, as they are, without a watermark: for formats that are not written here, such as GIF, MP3, M4A,
    /// AVIF, HEIC, JPEG XL and SVG
    #[arg(long, conflicts_with_all = ["remark", "keep_mark", "aigc", "format", "quality"])]
    pub(crate) credentials_only: bool,
    /// Title in the manifest [default: the file's name]
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
}

/// Sixty-four hexadecimal digits, in lower case.
fn sha256(text: &str) -> Result<String, String> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("expected 64 hexadecimal digits, found `{text}`"))
    }
}

/// Who signs.
#[derive(Debug, Args)]
pub(crate) struct SignerArgs {
    /// Private signing key, PKCS#8 PEM [default: a development identity that nobody trusts]
    #[arg(
        long,
        value_name = "FILE",
        requires = "chain",
        group = "signs",
        env = "FILIGRANE_SIGNING_KEY"
    )]
    pub(crate) signing_key: Option<PathBuf>,
    /// File whose first line is the signing key's passphrase [default: asked for on the terminal]
    #[arg(long, value_name = "FILE", requires = "signing_key")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Program that signs: the claim on its standard input, the raw signature on its standard output
    #[arg(
        long,
        value_name = "PROGRAM",
        requires = "chain",
        group = "signs",
        conflicts_with = "signing_key"
    )]
    pub(crate) signer_command: Option<PathBuf>,
    /// An argument for the program that signs; may be given several times
    #[arg(
        long,
        value_name = "ARG",
        requires = "signer_command",
        allow_hyphen_values = true
    )]
    pub(crate) signer_arg: Vec<String>,
    /// Time-stamp authority (RFC 3161), as `http://tsa.example/`: credentials then outlive the certificate
    #[arg(long, value_name = "URL", env = "FILIGRANE_TIME_STAMP")]
    pub(crate) time_stamp: Option<String>,
    /// What to do where the authority gives no time-stamp
    #[arg(long, value_enum, default_value_t = TimeStampArg::Required, value_name = "MODE")]
    pub(crate) time_stamp_mode: TimeStampArg,
    /// Certificate chain of the signer, PEM, leaf first
    #[arg(long, value_name = "FILE", requires = "signs", env = "FILIGRANE_CHAIN")]
    pub(crate) chain: Option<PathBuf>,
}

/// How much a time-stamp matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimeStampArg {
    /// Stamp nothing without one
    Required,
    /// Go on without one, and say so
    BestEffort,
    /// Ask nobody
    Off,
}

/// Which registry to use.
#[derive(Debug, Args)]
pub(crate) struct RegistryArgs {
    /// Registry file [default: registry.sqlite3 in the user's data folder]
    #[arg(long, value_name = "FILE", env = "FILIGRANE_REGISTRY")]
    pub(crate) registry: Option<PathBuf>,
    /// Use no registry
    #[arg(long, conflicts_with = "registry")]
    pub(crate) no_registry: bool,
}

/// Keys for looking.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// Key file to look with; may be given several times. The public key is always tried too
    #[arg(long, short, value_name = "FILE", env = "FILIGRANE_KEY")]
    pub(crate) key: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Detect {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    #[command(flatten)]
    pub(crate) search: SearchArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// How far to look for marks in pictures: `in-place` takes a twentieth of the time where there are none, `upright` (every
    /// scale) a tenth, `full` (every turn, mirroring, aspect and mild perspective) finds the most
    #[arg(long, default_value_t)]
    pub(crate) search: Search,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) keys: KeyArgs,
    #[command(flatten)]
    pub(crate) search: SearchArgs,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    #[command(flatten)]
    pub(crate) fetch: FetchArgs,
    /// Layers to insist on, as `watermark,credentials,trusted,registry`: a file that lacks one exits 1 at least
    #[arg(long, value_name = "LAYER,..", value_delimiter = ',')]
    pub(crate) require: Vec<Requirement>,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    /// Most processor time for a file, in seconds; by the clock four times that and 30 more [default: 60, and one per MiB]
    #[arg(long, value_name = "SECONDS", hide_short_help = true, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: Option<u64>,
    /// Most memory for a file, in bytes [default: 4 GiB]
    #[arg(long, value_name = "BYTES", hide_short_help = true, value_parser = clap::value_parser!(u64).range(64 << 20..))]
    pub(crate) max_memory: Option<u64>,
    /// Parse the files in this process, without limits on time and memory: only for files that you trust
    #[arg(long, conflicts_with_all = ["timeout", "max_memory"])]
    pub(crate) in_process: bool,
}

/// From whom manifests are fetched.
#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    /// Fetch manifests that files only point to, from the hosts of `--fetch-host` [default: they are reported]
    #[arg(long, requires = "fetch_host")]
    pub(crate) fetch: bool,
    /// Host that may be asked, as `manifests.example.org` or `HOST:PORT`, over TLS unless written as `http://HOST`; may be
    /// given several times
    #[arg(long, value_name = "HOST", requires = "fetch")]
    pub(crate) fetch_host: Vec<String>,
}

/// Whose signatures are trusted.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// Authorities that vouch for signers, PEM, such as C2PA-TRUST-LIST.pem; may be given several times
    #[arg(long, value_name = "FILE", env = "FILIGRANE_TRUST")]
    pub(crate) trust: Vec<PathBuf>,
    /// Authorities that vouch for time-stamps, PEM, such as C2PA-TSA-TRUST-LIST.pem; may be given several times
    #[arg(long, value_name = "FILE", env = "FILIGRANE_TRUST_TSA")]
    pub(crate) trust_tsa: Vec<PathBuf>,
    /// Signers that are trusted on their own: their certificates, or SHA-256 hashes of them; may be given several times
    #[arg(long, value_name = "FILE", env = "FILIGRANE_TRUST_ALLOWED")]
    pub(crate) trust_allowed: Vec<PathBuf>,
    /// Signed list of keys and certificates that no longer count (`filigrane revoke`); may be given several times
    #[arg(
        long,
        value_name = "FILE",
        requires = "revocations_key",
        env = "FILIGRANE_REVOCATIONS"
    )]
    pub(crate) revocations: Vec<PathBuf>,
    /// Public key of who signs the revocation lists, known from elsewhere; may be given several times
    #[arg(long, value_name = "FILE", env = "FILIGRANE_REVOCATIONS_KEY")]
    pub(crate) revocations_key: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyWorker {
    /// Registry to look things up in
    #[arg(long, value_name = "FILE")]
    pub(crate) registry: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The list; made if missing, with its public key beside it in FILE.pub. Earlier entries stay
    #[arg(long, value_name = "FILE")]
    pub(crate) list: PathBuf,
    /// Private key that signs the list: Ed25519, PKCS#8 PEM; the same for every number of the list
    #[arg(long, value_name = "FILE", env = "FILIGRANE_REVOCATIONS_SIGNING_KEY")]
    pub(crate) signing_key: PathBuf,
    /// File whose first line is the signing key's passphrase [default: asked for on the terminal]
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Watermark key by its identifier, `k:` and 32 hexadecimal digits; may be given several times
    #[arg(long, value_name = "ID", group = "target")]
    pub(crate) key_id: Vec<String>,
    /// Certificate, PEM: the first in the file; may be given several times
    #[arg(long, value_name = "FILE", group = "target")]
    pub(crate) certificate: Vec<PathBuf>,
    /// With `--serial`: the issuer's certificate, PEM
    #[arg(long, value_name = "FILE", requires = "serial")]
    pub(crate) issuer: Option<PathBuf>,
    /// Serial number of a certificate, in hexadecimal digits; may be given several times
    #[arg(long, value_name = "HEX", group = "target", requires = "issuer")]
    pub(crate) serial: Vec<String>,
    /// Why, for those who read the verdict
    #[arg(long, value_name = "TEXT", requires = "target")]
    pub(crate) reason: String,
    /// From when on it does not count: `2026-11-23T08:00:00Z` or a day in UTC [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Registry {
    #[command(subcommand)]
    pub(crate) action: RegistryAction,
    /// Registry file [default: registry.sqlite3 in the user's data folder]
    #[arg(long, global = true, value_name = "FILE", env = "FILIGRANE_REGISTRY")]
    pub(crate) registry: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RegistryAction {
    /// List entries, the newest first
    List {
        /// Most entries to list
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
        /// Leave out the first N
        #[arg(long, value_name = "N", default_value_t = 0)]
        skip: u64,
    },
    /// Show all entries of an identifier and check that they are in the signed log
    Show {
        /// Identifier, 22 hexadecimal digits
        id: String,
    },
    /// Compute the log again from the entries and compare it with its signed head
    Verify {
        /// Head kept from an earlier run: the log must continue it
        #[arg(long, value_name = "FILE")]
        since: Option<PathBuf>,
        /// Keep the signed head in this file, for `--since`; written only if everything holds
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
        /// The log's key, known from elsewhere: the log must be this one
        #[arg(long, value_name = "KEY")]
        log_key: Option<String>,
    },
    /// Write the whole log with its entries as JSON Lines
    Export {
        /// Write to this file [default: standard output]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Overwrite an existing file
        #[arg(long, short, requires = "output")]
        force: bool,
    },
    /// Add the entries of another registry's export, if the whole of it is what its log signed
    Import {
        /// The export, or `-` for standard input
        input: PathBuf,
        /// The exporting log's key, known from elsewhere [default: the one in the export]
        #[arg(long, value_name = "KEY")]
        log_key: Option<String>,
    },
    /// Remove what is known of identifiers; salted hashes stay, so that the log still holds
    Forget {
        /// Identifiers, 22 hexadecimal digits
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

#[cfg(feature = "bench")]
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What the folder holds
    #[arg(long, value_enum, default_value_t = BenchMedia::Image, value_name = "MEDIA")]
    pub(crate) media: BenchMedia,
    /// With `--media audio`: seconds that the detector gets, or `full` [default: 5,10]
    #[arg(long, value_name = "S,..")]
    pub(crate) lengths: Option<String>,
    #[command(flatten)]
    pub(crate) image: filigrane_bench::image::ImageArguments,
}

/// Media that can be measured.
#[cfg(feature = "bench")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BenchMedia {
    /// Pictures
    Image,
    /// Sounds, WAV
    Audio,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write a page per command into this folder instead of printing the main one
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }
}
