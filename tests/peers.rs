//! Other people's verifiers read what was stamped: `c2pa-python` and `encypher-c2pa` in a virtual environment,
//! `@trustnxt/c2pa-ts` where there is `npm`. Environments are made by the test, below the target folder.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod common;
use common::World;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::Value;

/// The versions that the checks were written with.
const C2PA_PYTHON: &str = "c2pa-python==0.38.1";
const ENCYPHER: &str = "encypher-c2pa==1.7.1";
const C2PA_TS: &str = "@trustnxt/c2pa-ts@0.9.4";

/// Source and format of the files, all that are signed.
const FILES: [(&str, &str); 5] = [
    ("photo.jpg", "jpeg"),
    ("photo.jpg", "png"),
    ("photo.jpg", "webp"),
    ("speech.wav", "wav"),
    ("speech.wav", "flac"),
];

/// Stamped files of one kind, and the anchor to look at them with.
struct Case {
    name: &'static str,
    files: Vec<PathBuf>,
    anchors: Option<PathBuf>,
    /// The state in the words of the specification.
    state: &'static str,
    /// The same in ours.
    ours: &'static str,
}

#[test]
fn every_peer_sees_what_we_see() {
    let world = World::new();
    let cases = cases(&world);
    for case in &cases {
        for file in &case.files {
            let mut arguments = vec!["inspect", "--json", file.to_str().unwrap()];
            if let Some(anchors) = &case.anchors {
                arguments[0] = "verify";
                arguments.extend(["--trust", anchors.to_str().unwrap()]);
            }
            let object = world.run(&arguments).object();
            assert_eq!(
                object["credentials"]["state"], case.ours,
                "{}: {object:#}",
                case.name
            );
        }
    }
    let python = virtual_environment();
    for script in ["c2pa_python.py", "encypher.py"] {
        for case in &cases {
            let answers = ask(&python, script, &case.files, case.anchors.as_deref());
            agree(script, case, &answers);
        }
    }
    let Some(node) = node_modules() else { return };
    for case in &cases {
        // It reads no WebP, WAV and FLAC, and judges no chain, so that anchors are of no use to it.
        agree(
            "c2pa_ts.mjs",
            case,
            &ask(&node, "c2pa_ts.mjs", &case.files[..2], None),
        );
    }
}

fn agree(peer: &str, case: &Case, answers: &[Value]) {
    // c2pa-ts has no word for trust. encypher-c2pa tells that the signature lies outside of the certificate's validity and
    // trusts nobody then, but leaves the state as it is.
    let state = match (peer, case.name) {
        ("c2pa_ts.mjs", "trusted") | ("encypher.py", "expired") => "Valid",
        _ => case.state,
    };
    for (file, answer) in case.files.iter().zip(answers) {
        let (state_found, failures) = (&answer["state"], &answer["failures"]);
        eprintln!(
            "{peer}, {}, {}: {state_found} {failures}",
            case.name,
            file.display()
        );
        assert_eq!(*state_found, state, "{peer}, {}: {answer:#}", case.name);
        if case.name == "expired" {
            let codes = [
                "claimSignature.outsideValidity",
                "signingCredential.expired",
            ];
            let is_told = codes.iter().any(|code| failures.to_string().contains(code));
            assert!(is_told, "{peer}: {answer:#}");
        }
    }
}

fn cases(world: &World) -> Vec<Case> {
    world.run(&["keygen", "-o", "studio"]).exits(0);
    let anchors = world.path("studio.anchor.pem");
    let stamped: Vec<PathBuf> = FILES
        .iter()
        .map(|(source, format)| stamp(world, source, format, "studio").unwrap())
        .collect();
    let tampered = stamped.iter().map(|file| tampered(file)).collect();
    let (expired, root) = expired(world);
    vec![
        Case {
            name: "trusted",
            files: stamped.clone(),
            anchors: Some(anchors.clone()),
            state: "Trusted",
            ours: "trusted",
        },
        Case {
            name: "untrusted",
            files: stamped,
            anchors: None,
            state: "Valid",
            ours: "valid-unknown-signer",
        },
        Case {
            name: "tampered",
            files: tampered,
            anchors: Some(anchors),
            state: "Invalid",
            ours: "invalid",
        },
        Case {
            name: "expired",
            files: expired,
            anchors: Some(root),
            state: "Invalid",
            ours: "invalid",
        },
    ]
}

/// Stamps with the identity of a name, with all that a manifest can tell: a stranger must take it too. Nothing where the
/// identity is not taken.
fn stamp(world: &World, source: &str, format: &str, identity: &str) -> Option<PathBuf> {
    world.sample(source);
    let target = format!("{identity}.{format}");
    let (key, chain) = (format!("{identity}.pem"), format!("{identity}.chain.pem"));
    let who = ["--signing-key", &key, "--chain", &chain];
    let told = [
        "--provider",
        "Studio",
        "--model",
        "fox/2.1",
        "--training-mining",
        "not-allowed",
        "--aigc",
    ];
    let what = [
        "stamp", source, "-o", &target, "--format", format, "--force",
    ];
    let run = world.run(&[&what[..], &who, &told].concat());
    (run.status == 0).then(|| world.path(&target))
}

/// The same file with other content: a changed byte, or bytes behind the end where a checksum would find the change first.
fn tampered(file: &Path) -> PathBuf {
    let mut bytes = std::fs::read(file).unwrap();
    if file.extension().unwrap() == "png" {
        bytes.extend_from_slice(b"more");
    } else {
        let place = bytes.len() / 2;
        bytes[place] ^= 0x10;
    }
    let target = file.with_file_name(format!(
        "tampered-{}",
        file.file_name().unwrap().to_str().unwrap()
    ));
    std::fs::write(&target, bytes).unwrap();
    target
}

/// Files whose signer's certificate has ended since, and the root of its chain.
fn expired(world: &World) -> (Vec<PathBuf>, PathBuf) {
    // Slow machines get more time: everything must be signed before the certificate ends.
    let mut seconds = 20;
    loop {
        let end = short_lived(world, Duration::from_secs(seconds));
        let files: Vec<PathBuf> = FILES
            .iter()
            .filter_map(|(source, format)| stamp(world, source, format, "short"))
            .collect();
        if files.len() == FILES.len() && SystemTime::now() < end {
            while SystemTime::now() <= end + Duration::from_secs(1) {
                std::thread::sleep(Duration::from_millis(200));
            }
            return (files, world.path("short.anchor.pem"));
        }
        assert!(
            seconds < 2_000,
            "what a certificate signs does not depend on its end alone"
        );
        seconds *= 2;
    }
}

/// An identity `short` whose certificate ends soon; when it ends.
fn short_lived(world: &World, life: Duration) -> SystemTime {
    let name = |common: &str| {
        let mut parameters = CertificateParams::default();
        let mut name = |kind, text| parameters.distinguished_name.push(kind, text);
        name(DnType::CountryName, "ZZ");
        name(DnType::OrganizationName, "test");
        name(DnType::CommonName, common);
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.use_authority_key_identifier_extension = true;
        parameters
    };
    let mut root = name("root");
    root.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let root_key = KeyPair::generate().unwrap();
    let anchor = root.self_signed(&root_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let mut leaf = name("leaf");
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let claims = ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 4, 1, 62_558, 2, 1]);
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection, claims];
    let end = SystemTime::now() + life;
    leaf.not_after = end.into();
    let chain = leaf
        .signed_by(&key, &Issuer::new(root, root_key))
        .unwrap()
        .pem();
    for (file, text) in [
        ("pem", key.serialize_pem()),
        ("chain.pem", chain),
        ("anchor.pem", anchor),
    ] {
        std::fs::write(world.path(&format!("short.{file}")), text).unwrap();
    }
    end
}

/// One JSON object per file.
fn ask(program: &Path, script: &str, files: &[PathBuf], anchors: Option<&Path>) -> Vec<Value> {
    let mut command = Command::new(program);
    if script.ends_with(".mjs") {
        // Modules are looked for beside the script.
        let copy = modules().join(script);
        std::fs::copy(peer(script), &copy).unwrap();
        command.arg(copy);
    } else {
        command.arg(peer(script));
    }
    command.args(files);
    if let Some(anchors) = anchors {
        command.arg("--anchors").arg(anchors);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answers: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), files.len(), "{script}: {text}");
    answers
}

fn peer(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/peers")
        .join(script)
}

fn run(program: &Path, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "{} {arguments:?}: {errors}",
        program.display()
    );
}

/// The Python of an environment that holds the verifiers; made on the first run.
fn virtual_environment() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    let python = folder.join("bin/python");
    let ready = |python: &Path| {
        let is_there = |package: &str| {
            let (name, version) = package.split_once("==").unwrap();
            format!("assert m.version('{name}') == '{version}'")
        };
        let checks = [C2PA_PYTHON, ENCYPHER].map(is_there).join("; ");
        let check = format!("import importlib.metadata as m; {checks}");
        Command::new(python)
            .args(["-c", &check])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !ready(&python) {
        run(
            Path::new("python3"),
            &["-m", "venv", folder.to_str().unwrap()],
        );
        let install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ];
        run(&python, &[&install[..], &[C2PA_PYTHON, ENCYPHER]].concat());
    }
    assert!(
        ready(&python),
        "the environment in `{}` has not {C2PA_PYTHON} and {ENCYPHER}",
        folder.display()
    );
    python
}

fn modules() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers-node")
}

/// Node.js with the package beside it, made on the first run; nothing, and a word of it, where there is no `npm`.
fn node_modules() -> Option<PathBuf> {
    if Command::new("npm").arg("--version").output().is_err() {
        eprintln!("left out: there is no `npm` for {C2PA_TS}");
        return None;
    }
    let folder = modules();
    std::fs::create_dir_all(&folder).unwrap();
    let (name, version) = C2PA_TS.rsplit_once('@').unwrap();
    let manifest = folder.join("node_modules").join(name).join("package.json");
    let installed = || {
        let text = std::fs::read_to_string(&manifest).unwrap_or_default();
        text.contains(&format!("\"version\": \"{version}\""))
    };
    if !installed() {
        let folder = folder.to_str().unwrap();
        let quiet = [
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--no-update-notifier",
        ];
        run(
            Path::new("npm"),
            &[&["install", "--prefix", folder], &quiet[..], &[C2PA_TS]].concat(),
        );
    }
    assert!(installed(), "`{}` is not {C2PA_TS}", manifest.display());
    Some(PathBuf::from("node"))
}
