//! Whatever comes in, nothing panics.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use filigrane_audio::{AudioPlan, AudioWatermark, SoundMut, SoundRef};
use filigrane_payload::{Key, MarkId, Origin, Payload, Watermark};
use proptest::prelude::*;
use std::sync::LazyLock;

static PLAN: LazyLock<AudioPlan> = LazyLock::new(|| AudioPlan::new(&Key::public()).unwrap());

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_shape_and_any_samples(
        rate in prop_oneof![Just(8_000_u32), Just(11_025), 8_000..192_001_u32],
        channels in 1..9_usize,
        seconds in 0.0..3.2_f64,
        amplitude in prop_oneof![Just(0.0_f32), Just(1e-30), Just(1.0), Just(1e30), Just(f32::MAX)],
        period in 1..400_usize,
    ) {
        let frames = (seconds * f64::from(rate)) as usize;
        let channel: Vec<f32> = (0..frames)
            .map(|n| if n / period % 2 == 0 { amplitude } else { -amplitude })
            .collect();
        let mut sound = vec![channel; channels];
        let scheme = AudioWatermark::new();
        let payload = Payload::new(Origin::Other, MarkId::from_bytes([1; 11]));
        let target = SoundMut::new(rate, sound.iter_mut().map(Vec::as_mut_slice)).unwrap();
        let _ = scheme.embed(target, &PLAN, &payload);
        let view = SoundRef::new(rate, sound.iter().map(Vec::as_slice)).unwrap();
        scheme.detect(view, &[&PLAN]).unwrap();
    }
}
