//! The digital signature of a bundle: `MD5 = signature ^ exponent mod modulus`, without padding.
//!
//! The signature is written in 64 letters of 6 bits each, the lowest first. The scheme and the key
//! were established from published heads of bundles: under this key the signature of a published
//! head gives its MD5, which no other key would. Only a public key is used here, and it is no
//! secret: how long it takes tells nothing.

/// 32-bit limbs, the lowest first, of numbers of up to 1024 bits, with room for one carry.
const LIMBS: usize = 33;
type Number = [u32; LIMBS];

const LETTERS: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";

/// A public key that signs bundles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    modulus: Number,
    exponent: u32,
}

/// The modulus of ClamAV's key for databases, hexadecimal.
const CLAMAV: &str = concat!(
    "a8f34c7b2bae902e1e608cfcec44c024375370c09cd460e1917a98546ddfc53a",
    "90c608bb48ba8cb7eed1ff342085ecdd1491428ca8a895972403a3db2a452dd8",
    "0173bb07e1e23acbc84fab2e2586930f62909d56d2e25256c989d399fa722ab2",
    "5ab628df79bcfce43b86a0e049263171352b75048f2d4778b69a5e574a6130ad",
);

impl PublicKey {
    /// The key of ClamAV's own bundles.
    #[must_use]
    pub fn clamav() -> Self {
        PublicKey::new(CLAMAV, 100_001_027)
            .unwrap_or(PublicKey { modulus: [0; LIMBS], exponent: 0 })
    }

    /// A key of a modulus (hexadecimal, up to 1024 bits) and an exponent.
    #[must_use]
    pub fn new(modulus: &str, exponent: u32) -> Option<Self> {
        let octets = crate::hashes::octets_of_hex(modulus)?;
        if octets.len() > (LIMBS - 1) * 4 || octets.iter().all(|octet| *octet == 0) {
            return None;
        }
        let mut number = [0; LIMBS];
        for (limb, chunk) in number.iter_mut().zip(octets.rchunks(4)) {
            *limb = chunk.iter().fold(0, |limb, octet| limb << 8 | u32::from(*octet));
        }
        Some(PublicKey { modulus: number, exponent })
    }

    /// Whether this is the signature of an MD5.
    #[must_use]
    pub fn has_signed(&self, md5: &[u8; 16], signature: &str) -> bool {
        let Some(signature) = decode(signature) else { return false };
        if self.modulus == [0; LIMBS]
            || signature == [0; LIMBS]
            || !is_less(&signature, &self.modulus)
        {
            return false;
        }
        let mut expected = [0; LIMBS];
        for (limb, chunk) in expected.iter_mut().zip(md5.rchunks(4)) {
            *limb = chunk.iter().fold(0, |limb, octet| limb << 8 | u32::from(*octet));
        }
        self.power(&signature) == expected
    }

    fn power(&self, base: &Number) -> Number {
        let mut result = [0; LIMBS];
        if let Some(lowest) = result.first_mut() {
            *lowest = 1;
        }
        for bit in (0..u32::BITS).rev() {
            result = self.times(&result, &result);
            if self.exponent >> bit & 1 == 1 {
                result = self.times(&result, base);
            }
        }
        result
    }

    /// The product of two numbers below the modulus, by doubling and adding.
    fn times(&self, one: &Number, other: &Number) -> Number {
        let mut product = [0; LIMBS];
        for limb in one.iter().rev() {
            for bit in (0..u32::BITS).rev() {
                product = self.plus(&product, &product);
                if limb >> bit & 1 == 1 {
                    product = self.plus(&product, other);
                }
            }
        }
        product
    }

    /// The sum of two numbers below the modulus.
    fn plus(&self, one: &Number, other: &Number) -> Number {
        let mut sum = [0; LIMBS];
        let mut carry = 0_u64;
        for (limb, (one, other)) in sum.iter_mut().zip(one.iter().zip(other)) {
            let total = u64::from(*one) + u64::from(*other) + carry;
            *limb = (total & 0xffff_ffff) as u32;
            carry = total >> 32;
        }
        if is_less(&sum, &self.modulus) { sum } else { minus(&sum, &self.modulus) }
    }
}

fn is_less(one: &Number, other: &Number) -> bool {
    one.iter().rev().lt(other.iter().rev())
}

fn minus(one: &Number, other: &Number) -> Number {
    let mut difference = [0; LIMBS];
    let mut borrow = false;
    for (limb, (one, other)) in difference.iter_mut().zip(one.iter().zip(other)) {
        let (partial, first) = one.overflowing_sub(*other);
        let (whole, second) = partial.overflowing_sub(u32::from(borrow));
        *limb = whole;
        borrow = first || second;
    }
    difference
}

/// The number that letters stand for; `None` for other letters, or for more than 1024 bits.
fn decode(letters: &str) -> Option<Number> {
    let mut number = [0_u32; LIMBS];
    for (place, letter) in letters.bytes().enumerate() {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        for bit in 0..6 {
            if value >> bit & 1 == 1 {
                let at = place * 6 + bit;
                *number.get_mut(at / 32)? |= 1 << (at % 32);
            }
        }
    }
    Some(number)
}
