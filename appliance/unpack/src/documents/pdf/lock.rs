//! Encryption of PDF by password (ISO 32000-1, 7.6): the empty password of most such files, and
//! those that were found.
//!
//! Start with [`Lock::open`].

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use md5::{Digest, Md5};
use sha2::{Sha256, Sha384, Sha512};

use super::super::office_crypto::{cbc, rc4};
use super::value::Value;
use crate::limits;

const PADDING: [u8; 32] = [
    0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08,
    0x2e, 0x2e, 0x00, 0xb6, 0xd0, 0x68, 0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cipher {
    Rc4,
    Aes,
    AesLong,
    None,
}

/// An opened lock.
#[derive(Debug)]
pub(crate) struct Lock {
    key: Vec<u8>,
    streams: Cipher,
    strings: Cipher,
}

impl Lock {
    /// Tries the passwords on the dictionary `Encrypt`.
    pub(crate) fn open(encrypt: &Value, id: &[u8], passwords: &[String]) -> Option<Lock> {
        let version = encrypt.get("V").and_then(Value::size).unwrap_or_default();
        let (streams, strings) = match version {
            1..=3 => (Cipher::Rc4, Cipher::Rc4),
            _ => (cipher(encrypt, "StmF")?, cipher(encrypt, "StrF")?),
        };
        let all = std::iter::once("").chain(passwords.iter().map(String::as_str));
        all.take(limits::OFFICE_PASSWORDS).find_map(|word| {
            let key = if version >= 5 { long_key(encrypt, word) } else { key(encrypt, id, word) }?;
            Some(Lock { key, streams, strings })
        })
    }

    /// Decrypts a stream of the object of this number and generation.
    pub(crate) fn stream(&self, octets: &[u8], number: u32, generation: u32) -> Vec<u8> {
        self.decrypt(self.streams, octets, number, generation)
    }

    /// Decrypts a string.
    pub(crate) fn string(&self, octets: &[u8], number: u32, generation: u32) -> Vec<u8> {
        self.decrypt(self.strings, octets, number, generation)
    }

    fn decrypt(&self, cipher: Cipher, octets: &[u8], number: u32, generation: u32) -> Vec<u8> {
        match cipher {
            Cipher::None => octets.to_vec(),
            Cipher::Rc4 => {
                let mut clear = octets.to_vec();
                rc4(&self.object_key(number, generation, &[]), &mut clear);
                clear
            }
            Cipher::Aes => aes(&self.object_key(number, generation, b"sAlT"), octets),
            Cipher::AesLong => aes(&self.key, octets),
        }
    }

    fn object_key(&self, number: u32, generation: u32, salt: &[u8]) -> Vec<u8> {
        let number = number.to_le_bytes();
        let generation = generation.to_le_bytes();
        let mut sum = Md5::new();
        sum.update(&self.key);
        sum.update(number.get(..3).unwrap_or_default());
        sum.update(generation.get(..2).unwrap_or_default());
        sum.update(salt);
        let mut key = sum.finalize().to_vec();
        key.truncate(self.key.len().saturating_add(5).min(16));
        key
    }
}

fn aes(key: &[u8], octets: &[u8]) -> Vec<u8> {
    let Some((start, rest)) = octets.split_at_checked(16) else { return Vec::new() };
    let mut clear = cbc(key, start, rest).unwrap_or_default();
    let padding = clear.last().copied().map(usize::from).unwrap_or_default();
    if (1..=16).contains(&padding) {
        clear.truncate(clear.len().saturating_sub(padding));
    }
    clear
}

fn cipher(encrypt: &Value, which: &str) -> Option<Cipher> {
    let name = encrypt.get(which).and_then(Value::name).unwrap_or(b"Identity");
    if name == b"Identity" {
        return Some(Cipher::None);
    }
    let filter = encrypt.get("CF")?.get(std::str::from_utf8(name).ok()?)?;
    match filter.get("CFM").and_then(Value::name)? {
        b"V2" => Some(Cipher::Rc4),
        b"AESV2" => Some(Cipher::Aes),
        b"AESV3" => Some(Cipher::AesLong),
        b"None" => Some(Cipher::None),
        _ => None,
    }
}

fn octets<'v>(encrypt: &'v Value, key: &str) -> Option<&'v [u8]> {
    match encrypt.get(key)? {
        Value::Text(octets) => Some(octets),
        _ => None,
    }
}

/// The key by a user password, when that is right (algorithms 2, 4 and 5).
fn key(encrypt: &Value, id: &[u8], word: &str) -> Option<Vec<u8>> {
    let revision = encrypt.get("R").and_then(Value::size).unwrap_or(2);
    let length = encrypt.get("Length").and_then(Value::size).unwrap_or(40) / 8;
    let length = if revision < 3 { 5 } else { length.clamp(5, 16) };
    let length = if encrypt.get("V").and_then(Value::size) == Some(4) { 16 } else { length };
    let rights = match encrypt.get("P")? {
        // Written as a signed or as an unsigned number of 32 bits.
        #[allow(clippy::cast_possible_truncation)]
        Value::Number(number) => *number as i64 as u32,
        _ => return None,
    };
    let padded: Vec<u8> = word.bytes().chain(PADDING).take(32).collect();
    let mut sum = Md5::new();
    sum.update(&padded);
    sum.update(octets(encrypt, "O")?.get(..32)?);
    sum.update(rights.to_le_bytes());
    sum.update(id);
    let keeps_metadata = encrypt.get("EncryptMetadata") == Some(&Value::Word(b"false".to_vec()));
    if revision >= 4 && keeps_metadata {
        sum.update([0xff; 4]);
    }
    let mut key = sum.finalize().to_vec();
    if revision >= 3 {
        for _ in 0..50 {
            key = Md5::digest(key.get(..length)?).to_vec();
        }
    }
    key.truncate(length);
    let wanted = octets(encrypt, "U")?;
    let is_right = if revision < 3 {
        let mut made = PADDING.to_vec();
        rc4(&key, &mut made);
        made == wanted.get(..32)?
    } else {
        let mut made = Md5::new().chain_update(PADDING).chain_update(id).finalize().to_vec();
        for round in 0..20_u8 {
            let round_key: Vec<u8> = key.iter().map(|octet| octet ^ round).collect();
            rc4(&round_key, &mut made);
        }
        made == wanted.get(..16)?
    };
    is_right.then_some(key)
}

/// The key of AES with 256 bits: revision 5 (Adobe supplement, level 3) and 6 (ISO 32000-2, 7.6.4).
fn long_key(encrypt: &Value, word: &str) -> Option<Vec<u8>> {
    let hash = match encrypt.get("R").and_then(Value::size)? {
        5 => simple_hash,
        6 => hard_hash,
        _ => return None,
    };
    let user = octets(encrypt, "U")?;
    let (wanted, salts) = user.split_at_checked(32)?;
    let (check, salt) = salts.get(..16)?.split_at_checked(8)?;
    // Passwords are cut to 127 octets (ISO 32000-2, 7.6.4.3.2).
    let word: Vec<u8> = word.bytes().take(127).collect();
    (hash(&word, check)? == wanted).then_some(())?;
    cbc(&hash(&word, salt)?, &[0; 16], octets(encrypt, "UE")?.get(..32)?)
}

fn simple_hash(word: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
    Some(Sha256::new().chain_update(word).chain_update(salt).finalize().to_vec())
}

/// Algorithm 2.B of ISO 32000-2: some seventy rounds; one that never ends is given up.
fn hard_hash(word: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
    let mut key = simple_hash(word, salt)?;
    for round in 0..limits::PDF_ROUNDS {
        let once = [word, &key].concat();
        let mixed = cbc_encrypted(key.get(..16)?, key.get(16..32)?, &once.repeat(64))?;
        let sum: u32 = mixed.iter().take(16).map(|octet| u32::from(*octet)).sum();
        key = match sum % 3 {
            0 => Sha256::digest(&mixed).to_vec(),
            1 => Sha384::digest(&mixed).to_vec(),
            _ => Sha512::digest(&mixed).to_vec(),
        };
        let last = u32::from(*mixed.last()?);
        if round >= 63 && last <= round.saturating_sub(31) {
            key.truncate(32);
            return Some(key);
        }
    }
    None
}

fn cbc_encrypted(key: &[u8], start: &[u8], octets: &[u8]) -> Option<Vec<u8>> {
    let aes = Aes128::new_from_slice(key).ok()?;
    let mut before: [u8; 16] = *start.first_chunk()?;
    let (blocks, _) = octets.as_chunks::<16>();
    let mut out = Vec::with_capacity(octets.len());
    for block in blocks {
        let mixed: [u8; 16] = std::array::from_fn(|at| {
            let pair = (block.get(at), before.get(at));
            pair.0.copied().unwrap_or_default() ^ pair.1.copied().unwrap_or_default()
        });
        let mut mixed = Array::from(mixed);
        aes.encrypt_block(&mut mixed);
        before = mixed.into();
        out.extend(before);
    }
    Some(out)
}
