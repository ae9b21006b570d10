//! Echo and reverberation.

use super::{Attack, Group, List, Scene};
use crate::audio::dsp::fourier::convolve;
use crate::audio::sound::Sound;

pub(super) const ATTACKS: &[Attack] = &[
    Attack::new(
        Group::Room,
        List::Standard,
        "echo",
        "one echo after 100 ms, 6 dB down",
        |sound, _| Ok(echo(sound)),
    ),
    Attack::new(
        Group::Room,
        List::Quick,
        "reverb",
        "a room that decays by 60 dB in 0.4 s, 6 dB below the direct sound",
        |sound, scene| Ok(reverb(sound, scene, 6.0)),
    ),
    Attack::new(
        Group::Room,
        List::Extra,
        "reverb-strong",
        "a room that decays by 60 dB in 0.4 s, as loud as the direct sound",
        |sound, scene| Ok(reverb(sound, scene, 0.0)),
    ),
];

fn echo(sound: &Sound) -> Sound {
    let delay = sound.samples_in(0.1);
    sound.map_channels(|channel| {
        let delayed = std::iter::repeat_n(&0.0, delay).chain(channel);
        let pairs = channel.iter().zip(delayed);
        // Two thirds of full scale each way keeps the sum from clipping.
        pairs
            .map(|(direct, echo)| (direct + 0.5 * echo) / 1.5)
            .collect()
    })
}

/// Convolution with exponentially decaying Gaussian noise (Polack 1988; Moorer, Computer Music
/// Journal 3(2), 1979) that starts 5 ms after the direct sound, other noise in each channel, and has
/// `direct_db` less energy than it. Both are scaled so that together they keep the level.
fn reverb(sound: &Sound, scene: &mut Scene<'_>, direct_db: f64) -> Sound {
    const DECAY_S: f64 = 0.4;
    let rate = f64::from(sound.rate);
    let (start, length) = (sound.samples_in(0.005), sound.samples_in(DECAY_S));
    let per_sample = -3.0 * std::f64::consts::LN_10 / (DECAY_S * rate);
    sound.map_channels(|channel| {
        let mut room: Vec<f64> = (0..length)
            .map(|index| (per_sample * index as f64).exp() * scene.random.normal())
            .collect();
        room.splice(..0, std::iter::repeat_n(0.0, start));
        let energy: f64 = room.iter().map(|sample| sample * sample).sum();
        let ratio = 10.0_f64.powf(direct_db / 10.0);
        let scale = 1.0 / ((1.0 + ratio) * energy.max(f64::MIN_POSITIVE)).sqrt();
        let mut response: Vec<f32> = room.iter().map(|sample| (sample * scale) as f32).collect();
        if let Some(direct) = response.first_mut() {
            *direct = (ratio / (1.0 + ratio)).sqrt() as f32;
        }
        convolve(channel, &response)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn an_impulse_comes_back() {
        let mut samples = vec![0.0; 8_000];
        samples[10] = 0.6;
        let sound = Sound::new(8_000, vec![samples]);
        let echoed = echo(&sound);
        assert!((echoed.channels[0][10] - 0.4).abs() < 1e-6);
        assert!((echoed.channels[0][810] - 0.2).abs() < 1e-6);
        let mut scene = Scene {
            random: Random::new(1, &["room"]),
            other: &sound,
            region: None,
        };
        let roomy = reverb(&sound, &mut scene, 0.0);
        let tail = roomy.part(11, 8_000).power() * 7_989.0;
        assert!((tail / (0.36 / 2.0) - 1.0).abs() < 1e-3, "{tail}");
        assert!(roomy.part(2_010, 800).power() < roomy.part(60, 800).power() / 300.0);
    }
}
