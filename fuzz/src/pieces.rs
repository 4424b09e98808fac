//! Octets that come a few at a time, as from a slow line.

use std::io::{self, Read};

/// Gives at most so many octets at a time.
pub struct Pieces<'a> {
    octets: &'a [u8],
    most: usize,
}

impl<'a> Pieces<'a> {
    pub fn new(octets: &'a [u8], most: usize) -> Self {
        Self { octets, most }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.most.min(into.len()).min(self.octets.len());
        let (now, later) = self.octets.split_at(length);
        into[..length].copy_from_slice(now);
        self.octets = later;
        Ok(length)
    }
}

/// A number that follows from the octets: what a target varies from input to input, and yet does
/// the same way each time (FNV-1a).
pub fn chance(octets: &[u8]) -> u64 {
    octets.iter().fold(0xCBF2_9CE4_8422_2325, |hash, octet| {
        (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01B3)
    })
}
