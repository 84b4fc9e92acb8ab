#!/usr/bin/env bash
# Makes the demonstration clip: twelve seconds of 1280×720 at 30 frames a second in
# which one face appears, stays, leaves, and comes back. No camera and no permission to
# show anybody is needed: the picture is NASA's portrait of Eileen Collins, in the
# public domain, taken out of the scikit-image package.
# Usage: demo-clip.sh CLIP (makes the picture beside it)
set -euo pipefail
clip=$(realpath --canonicalize-missing "$1")
cd "$(dirname "$0")/.."

readonly clip folder=${clip%/*}
readonly picture=$folder/astronaut.png partial=$folder/.partial.mp4

if [[ $clip -nt scripts/demo-clip.sh ]]; then
    echo "  ${clip#"$PWD"/} is there already"
    exit 0
fi
mkdir -p "$folder"
(cd models/fetch && ../../.venv/bin/python -m packfetch picture "$picture")

# Every decoder reads H.264; a build of ffmpeg without its encoder still has MPEG-4.
encoders=$(ffmpeg -hide_banner -encoders)
if [[ $encoders == *libx264* ]]; then
    codec=(-c:v libx264 -preset veryfast -crf 20)
else
    codec=(-c:v mpeg4 -q:v 3)
fi

# The head is in the upper half of the square picture: 16:9 of it, enlarged first so
# that the slow zoom does not step from pixel to pixel. Frames: 20 empty, 180 with the
# face, 60 empty, 100 with the face elsewhere and larger.
readonly wall=color=0x3a3f47
readonly scene="
  crop=512:288:0:10, scale=2560:1440:flags=lanczos,
  zoompan=s=1280x720:fps=30:d=360
    :z='if(lt(on,230), 1+0.3*on/200, 1.45-0.25*(on-260)/100)'
    :x='(iw-iw/zoom)*if(lt(on,230), 0.45, 0.15+0.3*(on-260)/100)'
    :y='(ih-ih/zoom)*0.3',
  fade=in:20:20:$wall:enable='lt(n,100)',
  fade=out:180:20:$wall:enable='between(n,100,229)',
  fade=in:260:15:$wall:enable='gte(n,230)',
  format=yuv420p"

ffmpeg -hide_banner -loglevel error -y -i "$picture" -filter_complex "$scene" \
    "${codec[@]}" -movflags +faststart "$partial"
mv "$partial" "$clip"
echo "  made ${clip#"$PWD"/}"
