#!/bin/sh
# Makes the sounds of this folder with ffmpeg (see README.md). Needs libmp3lame, libvorbis, libopus.
set -eu
cd "$(dirname "$0")"

# 0.7 s, 44.1 kHz: left a linear sweep from 200 Hz to 4.2 kHz, right a tone of 440 Hz.
sweep="aevalsrc='0.5*sin(2*PI*(200*t+4000/1.4*t*t))|0.25*sin(2*PI*440*t)':s=44100:d=0.7"
# 0.3 s, 48 kHz, six channels FL FR FC LFE BL BR: tones of 300, 500, 700, 60, 1100 and 1300 Hz.
six="aevalsrc='0.3*sin(2*PI*300*t)|0.3*sin(2*PI*500*t)|0.3*sin(2*PI*700*t)|0.3*sin(2*PI*60*t)|0.3*sin(2*PI*1100*t)|0.3*sin(2*PI*1300*t)':s=48000:d=0.3:c=5.1"

make() { # input, output, options
    input=$1
    output=$2
    shift 2
    ffmpeg -y -v error -f lavfi -i "$input" -fflags +bitexact -flags:a +bitexact \
        -metadata title=Sweep -metadata artist=Nobody -metadata comment=Made "$@" "$output"
}

make "$sweep" sweep.mp3 -c:a libmp3lame -b:a 64k
make "$sweep" sweep.ogg -c:a libvorbis -q:a 3
make "$sweep" sweep.opus -c:a libopus -b:a 64k
make "$sweep" sweep.m4a -c:a aac -b:a 64k
make "$sweep" sweep.aac -c:a aac -b:a 64k -f adts
make "$sweep" sweep.flac -c:a flac -sample_fmt s32 -ac 1
make "$sweep" alaw.wav -c:a pcm_alaw -ar 8000 -ac 1
make "$sweep" adpcm.wav -c:a adpcm_ima_wav -ar 8000 -ac 1
make "$six" surround.opus -c:a libopus -b:a 96k -mapping_family 1
make "$six" surround.ogg -c:a libvorbis -q:a 0
make "$six" surround.m4a -c:a aac -b:a 96k
