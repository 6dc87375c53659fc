//! Encrypted Office files (MS-OFFCRYPTO): passwords are tried, and what opens is read.
//!
//! A try is bounded by [`limits::OFFICE_ROUNDS`]; nothing here tells which password it was. Start
//! with [`open_package`] (Office 2007 and later) and [`legacy_key`] (Excel 97 to 2003).

use aes::cipher::{Array, BlockCipherDecrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::cursor::Cursor;
use crate::limits;

/// The password that Excel tries by itself before it asks (MS-OFFCRYPTO 2.3.6.2, read-only
/// workbooks).
const DEFAULT: &str = "VelvetSweatshop";

/// By what a file opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opened {
    /// By the password that Office tries by itself.
    Default,
    /// By one that was found in the message or given by the owner.
    Given,
}

/// The passwords to try, the known one first.
fn tries(passwords: &[String]) -> impl Iterator<Item = (Opened, Vec<u8>)> {
    let given = passwords.iter().take(limits::OFFICE_PASSWORDS);
    let all = std::iter::once((Opened::Default, DEFAULT));
    let all = all.chain(given.map(|one| (Opened::Given, one.as_str())));
    all.map(|(opened, word)| (opened, word.encode_utf16().flat_map(u16::to_le_bytes).collect()))
}

/// Decrypts `EncryptedPackage` by `EncryptionInfo`. `None` when no password opens it.
pub(crate) fn open_package(
    info: &[u8],
    package: &[u8],
    passwords: &[String],
) -> Option<(Opened, Vec<u8>)> {
    let mut cursor = Cursor::new(info);
    let (_major, minor) = (cursor.u16()?, cursor.u16()?);
    cursor.skip(4)?;
    if minor == 4 {
        return Agile::read(cursor.rest())?.open(package, passwords);
    }
    Standard::read(cursor)?.open(package, passwords)
}

struct Standard {
    key_octets: usize,
    salt: Vec<u8>,
    verifier: Vec<u8>,
    verifier_hash: Vec<u8>,
}

impl Standard {
    fn read(mut cursor: Cursor<'_>) -> Option<Self> {
        let size = cursor.length()?;
        let mut header = Cursor::new(cursor.take(size)?);
        header.skip(16)?;
        let key_octets = header.length()? / 8;
        let salt_octets = cursor.length()?.min(64);
        let salt = cursor.take(salt_octets)?.to_vec();
        let verifier = cursor.take(16)?.to_vec();
        cursor.skip(4)?;
        Some(Standard { key_octets, salt, verifier, verifier_hash: cursor.take(32)?.to_vec() })
    }

    fn open(&self, package: &[u8], passwords: &[String]) -> Option<(Opened, Vec<u8>)> {
        let (opened, key) = tries(passwords).find_map(|(opened, word)| {
            let key = self.key(&word)?;
            let verifier = ecb(&key, &self.verifier)?;
            let hash = ecb(&key, &self.verifier_hash)?;
            let sum = Sha1::digest(&verifier);
            hash.starts_with(&sum).then_some((opened, key))
        })?;
        let mut cursor = Cursor::new(package);
        let size = usize::try_from(cursor.u64()?).ok()?;
        let mut clear = ecb(&key, cursor.rest())?;
        clear.truncate(size);
        Some((opened, clear))
    }

    /// MS-OFFCRYPTO 2.3.4.7, with its 50 000 rounds.
    fn key(&self, word: &[u8]) -> Option<Vec<u8>> {
        let hash = rounds::<Sha1>(&self.salt, word, 50_000);
        let last = Sha1::new().chain_update(&hash).chain_update(0_u32.to_le_bytes()).finalize();
        let half = |fill: u8| {
            let mut block = [fill; 64];
            for (octet, hash) in block.iter_mut().zip(last.iter()) {
                *octet ^= hash;
            }
            Sha1::digest(block)
        };
        let both = [half(0x36).as_slice(), half(0x5c).as_slice()].concat();
        both.get(..self.key_octets).map(<[u8]>::to_vec)
    }
}

fn rounds<D: Digest>(salt: &[u8], word: &[u8], count: u32) -> Vec<u8> {
    let mut hash = D::new().chain_update(salt).chain_update(word).finalize();
    for round in 0..count {
        hash = D::new().chain_update(round.to_le_bytes()).chain_update(&hash).finalize();
    }
    hash.to_vec()
}

#[derive(Debug, Clone, Copy)]
enum Sum {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Sum {
    fn named(name: &str) -> Option<Sum> {
        match name.to_ascii_uppercase().replace('-', "").as_str() {
            "SHA1" => Some(Sum::Sha1),
            "SHA256" => Some(Sum::Sha256),
            "SHA384" => Some(Sum::Sha384),
            "SHA512" => Some(Sum::Sha512),
            _ => None,
        }
    }

    fn of(self, one: &[u8], two: &[u8]) -> Vec<u8> {
        match self {
            Sum::Sha1 => Sha1::new().chain_update(one).chain_update(two).finalize().to_vec(),
            Sum::Sha256 => Sha256::new().chain_update(one).chain_update(two).finalize().to_vec(),
            Sum::Sha384 => Sha384::new().chain_update(one).chain_update(two).finalize().to_vec(),
            Sum::Sha512 => Sha512::new().chain_update(one).chain_update(two).finalize().to_vec(),
        }
    }

    fn rounds(self, salt: &[u8], word: &[u8], count: u32) -> Vec<u8> {
        match self {
            Sum::Sha1 => rounds::<Sha1>(salt, word, count),
            Sum::Sha256 => rounds::<Sha256>(salt, word, count),
            Sum::Sha384 => rounds::<Sha384>(salt, word, count),
            Sum::Sha512 => rounds::<Sha512>(salt, word, count),
        }
    }
}

/// The XML form (MS-OFFCRYPTO 2.3.4.10).
struct Agile {
    data_salt: Vec<u8>,
    data_sum: Sum,
    spin: u32,
    salt: Vec<u8>,
    sum: Sum,
    key_octets: usize,
    verifier: Vec<u8>,
    verifier_hash: Vec<u8>,
    key: Vec<u8>,
}

impl Agile {
    fn read(xml: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(xml).ok()?;
        let data = text.split_once("keyData")?.1;
        let data = data.split('>').next()?;
        let password = text.split_once(":encryptedKey")?.1;
        let password = password.split('>').next()?;
        let octets = |element, name| base64(attribute(element, name)?);
        Some(Agile {
            data_salt: octets(data, "saltValue")?,
            data_sum: Sum::named(attribute(data, "hashAlgorithm")?)?,
            spin: attribute(password, "spinCount")?.parse().ok()?,
            salt: octets(password, "saltValue")?,
            sum: Sum::named(attribute(password, "hashAlgorithm")?)?,
            key_octets: attribute(password, "keyBits")?.parse::<usize>().ok()? / 8,
            verifier: octets(password, "encryptedVerifierHashInput")?,
            verifier_hash: octets(password, "encryptedVerifierHashValue")?,
            key: octets(password, "encryptedKeyValue")?,
        })
    }

    fn open(&self, package: &[u8], passwords: &[String]) -> Option<(Opened, Vec<u8>)> {
        if self.spin > limits::OFFICE_ROUNDS {
            return None;
        }
        let (opened, key) =
            tries(passwords).find_map(|(opened, word)| Some((opened, self.key(&word)?)))?;
        let mut cursor = Cursor::new(package);
        let size = usize::try_from(cursor.u64()?).ok()?;
        let mut clear = Vec::with_capacity(cursor.len());
        for (number, segment) in (0_u32..).zip(cursor.rest().chunks(4096)) {
            let start = self.data_sum.of(&self.data_salt, &number.to_le_bytes());
            clear.extend(cbc(&key, &start, segment)?);
        }
        clear.truncate(size);
        Some((opened, clear))
    }

    /// The key of the data when the password is right (MS-OFFCRYPTO 2.3.4.11 to 13).
    fn key(&self, word: &[u8]) -> Option<Vec<u8>> {
        const INPUT: [u8; 8] = [0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79];
        const VALUE: [u8; 8] = [0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e];
        const KEY: [u8; 8] = [0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6];
        let hash = self.sum.rounds(&self.salt, word, self.spin);
        let open = |block: &[u8], octets: &[u8]| {
            let mut key = self.sum.of(&hash, block);
            key.resize(self.key_octets, 0x36);
            cbc(&key, &self.salt, octets)
        };
        let input = open(&INPUT, &self.verifier)?;
        let value = open(&VALUE, &self.verifier_hash)?;
        let wanted = self.sum.of(&input, &[]);
        let mut key = open(&KEY, &self.key)?;
        key.truncate(self.key_octets);
        (!wanted.is_empty() && value.starts_with(&wanted)).then_some(key)
    }
}

/// The value of an attribute within the text of one element.
fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let at = element.find(&format!("{name}="))?;
    let rest = element.get(at.checked_add(name.len())?.checked_add(1)?..)?;
    let quote = rest.chars().next().filter(|one| matches!(one, '"' | '\''))?;
    rest.get(1..)?.split(quote).next()
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let decoded = super::base64::decode(text.as_bytes());
    (!decoded.is_empty()).then_some(decoded)
}

enum Aes {
    Short(Aes128),
    Middle(Aes192),
    Long(Aes256),
}

impl Aes {
    fn new(key: &[u8]) -> Option<Aes> {
        match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(Aes::Short),
            24 => Aes192::new_from_slice(key).ok().map(Aes::Middle),
            32 => Aes256::new_from_slice(key).ok().map(Aes::Long),
            _ => None,
        }
    }

    fn decrypt(&self, block: [u8; 16]) -> [u8; 16] {
        let mut block = Array::from(block);
        match self {
            Aes::Short(aes) => aes.decrypt_block(&mut block),
            Aes::Middle(aes) => aes.decrypt_block(&mut block),
            Aes::Long(aes) => aes.decrypt_block(&mut block),
        }
        block.into()
    }
}

/// AES, each block on its own. An incomplete last block is left out.
fn ecb(key: &[u8], octets: &[u8]) -> Option<Vec<u8>> {
    let aes = Aes::new(key)?;
    let (blocks, _) = octets.as_chunks::<16>();
    Some(blocks.iter().flat_map(|block| aes.decrypt(*block)).collect())
}

/// AES, blocks chained. An incomplete last block is left out.
pub(crate) fn cbc(key: &[u8], start: &[u8], octets: &[u8]) -> Option<Vec<u8>> {
    let aes = Aes::new(key)?;
    let mut before = [0x36_u8; 16];
    for (to, from) in before.iter_mut().zip(start) {
        *to = *from;
    }
    let (blocks, _) = octets.as_chunks::<16>();
    let mut clear = Vec::with_capacity(octets.len());
    for block in blocks {
        let opened = aes.decrypt(*block);
        clear.extend(opened.iter().zip(before).map(|(one, other)| one ^ other));
        before = *block;
    }
    Some(clear)
}

/// RC4: the octets are changed in place.
pub(crate) fn rc4(key: &[u8], octets: &mut [u8]) {
    if key.is_empty() {
        return;
    }
    let mut state: [u8; 256] = std::array::from_fn(|at| u8::try_from(at).unwrap_or_default());
    let mut j = 0_u8;
    for (at, part) in (0..256_usize).zip(key.iter().cycle()) {
        j = j.wrapping_add(state.get(at).copied().unwrap_or_default()).wrapping_add(*part);
        state.swap(at, usize::from(j));
    }
    let (mut i, mut j) = (0_u8, 0_u8);
    for octet in octets {
        i = i.wrapping_add(1);
        let one = state.get(usize::from(i)).copied().unwrap_or_default();
        j = j.wrapping_add(one);
        let other = state.get(usize::from(j)).copied().unwrap_or_default();
        state.swap(usize::from(i), usize::from(j));
        let at = one.wrapping_add(other);
        *octet ^= state.get(usize::from(at)).copied().unwrap_or_default();
    }
}

/// The key of a file of Office 97 to 2003.
#[derive(Debug)]
pub(crate) struct LegacyKey {
    /// By what it opened.
    pub(crate) opened: Opened,
    base: Vec<u8>,
    /// Octets of a block's key; `None` for the older kind.
    key_octets: Option<usize>,
}

impl LegacyKey {
    fn block(&self, number: u32) -> Vec<u8> {
        match self.key_octets {
            None => Md5::new()
                .chain_update(&self.base)
                .chain_update(number.to_le_bytes())
                .finalize()
                .to_vec(),
            Some(octets) => {
                let hash = Sha1::new().chain_update(&self.base).chain_update(number.to_le_bytes());
                let mut key = hash.finalize().to_vec();
                key.truncate(octets);
                if octets == 5 {
                    key.resize(16, 0);
                }
                key
            }
        }
    }

    /// Decrypts in place, with a new key for every `block_octets`.
    pub(crate) fn apply(&self, octets: &mut [u8], block_octets: usize) {
        for (number, block) in (0_u32..).zip(octets.chunks_mut(block_octets.max(1))) {
            rc4(&self.block(number), block);
        }
    }

    fn opens(&self, verifier: &[u8], hash: &[u8]) -> bool {
        let mut both = [verifier, hash].concat();
        rc4(&self.block(0), &mut both);
        let (verifier, hash) = both.split_at_checked(16).unwrap_or_default();
        match self.key_octets {
            None => Md5::digest(verifier).as_slice() == hash,
            Some(_) => hash.starts_with(&Sha1::digest(verifier)),
        }
    }
}

/// Finds the key by the record `FilePass` (MS-XLS 2.4.117). `None` for the XOR method, or when no
/// password opens it.
pub(crate) fn legacy_key(pass: &[u8], passwords: &[String]) -> Option<LegacyKey> {
    let mut cursor = Cursor::new(pass);
    (cursor.u16()? == 1).then_some(())?;
    let (_major, minor) = (cursor.u16()?, cursor.u16()?);
    if minor == 1 {
        let salt = cursor.take(16)?;
        let (verifier, hash) = (cursor.take(16)?, cursor.take(16)?);
        let mut keys = tries(passwords).map(|(opened, word)| LegacyKey {
            opened,
            base: old_base(&word, salt),
            key_octets: None,
        });
        return keys.find(|key| key.opens(verifier, hash));
    }
    cursor.skip(4)?;
    let size = cursor.length()?;
    let mut header = Cursor::new(cursor.take(size)?);
    header.skip(16)?;
    let key_octets = match header.length()? / 8 {
        0 => 5,
        octets => octets.min(16),
    };
    let salt_octets = cursor.length()?.min(64);
    let salt = cursor.take(salt_octets)?;
    let verifier = cursor.take(16)?;
    cursor.skip(4)?;
    let hash = cursor.take(20)?;
    let mut keys = tries(passwords).map(|(opened, word)| LegacyKey {
        opened,
        base: Sha1::new().chain_update(salt).chain_update(&word).finalize().to_vec(),
        key_octets: Some(key_octets),
    });
    keys.find(|key| key.opens(verifier, hash))
}

/// MS-OFFCRYPTO 2.3.6.2.
fn old_base(word: &[u8], salt: &[u8]) -> Vec<u8> {
    let first = Md5::digest(word);
    let mut all = Md5::new();
    for _ in 0..16 {
        all.update(first.get(..5).unwrap_or_default());
        all.update(salt);
    }
    all.finalize().get(..5).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rc4_gives_the_known_stream() {
        // RFC 6229, key 0x0102030405, offset 0.
        let mut octets = [0; 4];
        rc4(&[1, 2, 3, 4, 5], &mut octets);
        assert_eq!(octets, [0xb2, 0x39, 0x63, 0x05]);
    }

    #[test]
    fn an_old_workbook_opens_with_the_password_that_excel_tries() {
        let salt = [7; 16];
        let word: Vec<u8> = DEFAULT.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let key =
            LegacyKey { opened: Opened::Default, base: old_base(&word, &salt), key_octets: None };
        let verifier = [9_u8; 16];
        let mut both = [verifier.as_slice(), Md5::digest(verifier).as_slice()].concat();
        rc4(&key.block(0), &mut both);
        let pass = [&[1, 0, 1, 0, 1, 0], salt.as_slice(), &both].concat();
        assert_eq!(legacy_key(&pass, &[]).unwrap().opened, Opened::Default);
        let mut wrong = pass.clone();
        wrong[10] ^= 1;
        assert!(legacy_key(&wrong, &[]).is_none());
    }
}
