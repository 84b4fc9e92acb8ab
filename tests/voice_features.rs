//! The features of sound are those that voice packs are trained on: torchaudio's, to a thousandth.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on, fails")]

use affectd::voice::mel::{BANDS, FFT, FLOOR, HOP, Mel};

fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

#[test]
fn features_are_those_of_torchaudio() {
    let sound = numbers(include_bytes!("fixtures/voice/signal.f32"));
    let wanted = numbers(include_bytes!("fixtures/voice/features.f32"));
    let mut made = Vec::new();
    // Pieces as a microphone gives them, of a length that fits nothing.
    let mut mel = Mel::default();
    for piece in sound.chunks(333) {
        mel.push(piece, |frame| made.extend_from_slice(frame));
    }
    assert_eq!(made.len(), wanted.len());
    assert_eq!(made.len() / BANDS, 1 + (sound.len() - FFT) / HOP);
    let mut largest = 0.0_f32;
    for (i, (made, wanted)) in made.iter().zip(&wanted).enumerate() {
        let difference = (made - wanted).abs();
        assert!(difference < 1e-3, "frame {}, band {}: {made} for {wanted}", i / BANDS, i % BANDS);
        largest = largest.max(difference);
    }
    // The signal has both ends of the range in it: loud bands, and digital silence.
    assert!(wanted.iter().any(|&x| x == FLOOR.ln()) && wanted.iter().any(|&x| x > 3.0));
    println!("largest difference {largest:e}");
}
