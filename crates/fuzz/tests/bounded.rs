//! A fixed number of mutations for each target: the same targets as under `cargo fuzz`, in the normal test command.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use filigrane_fuzz::Target;
use filigrane_fuzz::mutate::Mutations;

/// Runs a target on its seeds as they are and on so many changes of them.
fn holds(name: &str, cases: usize) {
    // Decoders panic, and the crates around them turn that into errors. What escapes is told below, with its case.
    std::panic::set_hook(Box::new(|_| {}));
    let target = Target::named(name).unwrap();
    let seeds = target.seeds();
    for seed in &seeds {
        target.run(seed);
    }
    let mut most = 0;
    for (number, case) in Mutations::new(&seeds, 1).take(cases).enumerate() {
        let run = std::panic::AssertUnwindSafe(|| target.run(&case));
        match std::panic::catch_unwind(run) {
            Ok(memory) => most = most.max(memory),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                panic!("{name}, case {number}: {}", text.unwrap_or_default());
            }
        }
    }
    println!("{name}: {cases} cases, at most {} KiB", most >> 10);
}

macro_rules! bounded {
    ($($test:ident $name:literal $cases:literal;)*) => {
        $(#[test]
        fn $test() {
            holds($name, $cases);
        })*

        #[test]
        fn every_target_has_a_test() {
            let tested = [$($name),*];
            let all: Vec<_> = filigrane_fuzz::TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(all, tested);
        }
    };
}

bounded! {
    probe "probe" 20000;
    picture "picture" 15000;
    sound "sound" 6000;
    metadata "metadata" 1500;
    xmp "xmp" 4000;
    manifest "manifest" 2000;
    detached "detached" 2000;
    soft_binding "soft-binding" 5000;
    time_stamp "time-stamp" 1000;
    http "http" 500;
    fetch "fetch" 500;
    private_key "private-key" 1000;
    certificates "certificates" 2000;
    key_file "key-file" 3000;
    note "note" 3000;
    import "import" 500;
    revocations "revocations" 2000;
    inspect "inspect" 300;
    detect "detect" 30;
    verify "verify" 30;
    stamp "stamp" 6;
}
