//! The target that this binary is named after.

#![no_main]

use std::sync::OnceLock;

use filigrane_fuzz::Target;
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fuzz_target!(
    init: {
        // Decoders panic, and the crates around them turn that into errors: only what escapes counts.
        std::panic::set_hook(Box::new(|_| {}));
        let target = Target::named(env!("CARGO_BIN_NAME")).expect("the binary has a target's name");
        // Made before the first case, which would be charged for it otherwise.
        let _ = target.seeds();
        TARGET.get_or_init(|| target);
    },
    |data: &[u8]| {
        if let Some(target) = TARGET.get() {
            if let Err(panic) = std::panic::catch_unwind(|| target.run(data)) {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                eprintln!("{}: {}", target.name, text.unwrap_or_default());
                std::process::abort();
            }
        }
    }
);
