//! Several things in a row, as they happen on the way to a listener.

use super::coding::{aac, mp3, opus};
use super::filter::phone;
use super::noise::white;
use super::timing::{pitch, speed, tempo};
use super::{Attack, Group, List};

const fn chain(
    list: List,
    name: &'static str,
    description: &'static str,
    run: super::Operation,
) -> Attack {
    Attack::new(Group::Chain, list, name, description, run)
}

use List::{Extra, Standard};

pub(super) const ATTACKS: &[Attack] = &[
    chain(
        Standard,
        "mp3-twice",
        "MP3 at 128 kbit/s, then at 64 kbit/s",
        |sound, _| mp3(&mp3(sound, 128)?, 64),
    ),
    chain(
        Extra,
        "mp3-aac",
        "MP3 at 64 kbit/s, then AAC at 64 kbit/s",
        |sound, _| aac(&mp3(sound, 64)?, 64),
    ),
    chain(
        Standard,
        "mp3-crop-white-30",
        "MP3 at 64 kbit/s, cut, 30 dB noise",
        |sound, scene| {
            let coded = mp3(sound, 64)?;
            let start = scene.random.below(coded.samples_in(0.5));
            Ok(white(&coded.part(start, coded.frames()), scene, 30.0))
        },
    ),
    chain(
        Extra,
        "mp3-crop-white-20",
        "MP3 at 64 kbit/s, cut, 20 dB noise",
        |sound, scene| {
            let coded = mp3(sound, 64)?;
            let start = scene.random.below(coded.samples_in(0.5));
            Ok(white(&coded.part(start, coded.frames()), scene, 20.0))
        },
    ),
    chain(
        Standard,
        "phone-opus-16",
        "the phone, then Opus at 16 kbit/s",
        |sound, _| opus(&phone(sound), 16),
    ),
    chain(
        Standard,
        "aac-speed-1.05",
        "AAC at 64 kbit/s, then 5 % faster",
        |sound, _| Ok(speed(&aac(sound, 64)?, 1.05)),
    ),
    chain(
        Standard,
        "speed-mp3",
        "speed drawn from ±25 %, then MP3 at 64",
        |sound, scene| mp3(&speed(sound, scene.random.range(0.75, 1.25)), 64),
    ),
    chain(
        Standard,
        "tempo-mp3",
        "tempo drawn from ±10 %, then MP3 at 64",
        |sound, scene| mp3(&tempo(sound, scene.random.range(0.9, 1.1)), 64),
    ),
    chain(
        Standard,
        "pitch-mp3",
        "pitch drawn from ±1 semitone, then MP3 at 64",
        |sound, scene| mp3(&pitch(sound, scene.random.range(-1.0, 1.0)), 64),
    ),
    chain(
        Extra,
        "mp3-speed",
        "MP3 at 64, then speed drawn from ±25 %",
        |sound, scene| Ok(speed(&mp3(sound, 64)?, scene.random.range(0.75, 1.25))),
    ),
];
