//! Frame-error curves of the payload code on the Gaussian channel.
//!
//! `cargo bench -p filigrane-payload --bench frame_error [-- TRIALS]` prints, per list size and number
//! of check bits, which share of the words is *decoded* (the right payload within the false-positive
//! bound at the first attempt) for a total signal energy E over noise variance N, and how many words
//! in all were read as another payload: the neighbours that only the check bits keep out.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its table"
)]

use std::time::Instant;

use filigrane_payload::{
    Attempts, CodeParameters, FALSE_POSITIVE_BOUND, Key, Keystream, MarkId, Origin, Payload,
    PayloadCode,
};

const ENERGIES: [f64; 7] = [180.0, 200.0, 220.0, 240.0, 260.0, 290.0, 320.0];

fn main() {
    let trials: usize = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(300);
    println!(
        "| list | check bits | {} | ms |",
        ENERGIES.map(|e| format!("E/N {e}")).join(" | ")
    );
    println!("|---|---|{}---|", "---|".repeat(ENERGIES.len()));
    for list in [4, 8, 16, 32, 64] {
        for check_bits in [0, 8, 12, 16, 20] {
            row(list, check_bits, trials);
        }
    }
}

fn row(list: usize, check_bits: usize, trials: usize) {
    let parameters = CodeParameters {
        length: 1024,
        check_bits,
        list,
    };
    let code = PayloadCode::new(&Key::public(), "bench", parameters).unwrap();
    let mut random = Keystream::new(&Key::public().derive("bench noise"));
    let started = Instant::now();
    let mut wrong = 0;
    let shares = ENERGIES.map(|energy| {
        let read: Vec<bool> = (0..trials)
            .filter_map(|_| trial(&code, energy, &mut random))
            .collect();
        let right = read.iter().filter(|&&right| right).count();
        wrong += read.len() - right;
        format!("{:.1} %", 100.0 * right as f64 / trials as f64)
    });
    let each = started.elapsed().as_secs_f64() * 1e3 / (trials * ENERGIES.len()) as f64;
    println!(
        "| {list} | {check_bits} | {} | {wrong} | {each:.2} |",
        shares.join(" | ")
    );
}

/// Whether the right payload was read; nothing where none was.
fn trial(code: &PayloadCode, energy: f64, random: &mut Keystream) -> Option<bool> {
    let payload = Payload::new(
        Origin::Generated,
        MarkId::from_bytes([random.next_u32() as u8; 11]),
    );
    let amplitude = (energy / code.length() as f64).sqrt();
    let symbols = code.symbols(&payload);
    let soft: Vec<f32> = symbols
        .iter()
        .map(|&symbol| (amplitude * f64::from(symbol) + gaussian(random)) as f32)
        .collect();
    let decoded = code.decode(&soft, &mut Attempts::new(FALSE_POSITIVE_BOUND))?;
    Some(decoded.payload == payload)
}

/// Box and Muller's transform.
fn gaussian(random: &mut Keystream) -> f64 {
    let radius = (-2.0 * (1.0 - random.uniform()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.uniform()).cos()
}
