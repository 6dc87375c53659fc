//! Each format with a payload inside.

use std::io::{Cursor, Write};

use base64::Engine;
use rars::ArchiveVersion;
use sevenz_rust2::encoder_options::AesEncoderOptions;
use sevenz_rust2::{ArchiveEntry, ArchiveWriter, EncoderConfiguration, EncoderMethod, Password};
use zip::write::SimpleFileOptions;
use zip::{AesMode, CompressionMethod, ZipWriter};

use crate::stored;

/// The password of all containers that have one.
pub const PASSWORD: &str = "infected";

/// What makes a container.
#[derive(Debug, Clone, Copy)]
pub struct Container {
    /// Short name; its part before the first `-` is the usual extension.
    pub name: &'static str,
    /// Makes it, with a payload as a member of this name.
    pub make: fn(name: &str, payload: &[u8]) -> Vec<u8>,
    /// Whether it opens with [`PASSWORD`] alone.
    pub is_encrypted: bool,
}

const fn open(name: &'static str, make: fn(&str, &[u8]) -> Vec<u8>) -> Container {
    Container { name, make, is_encrypted: false }
}

const fn closed(name: &'static str, make: fn(&str, &[u8]) -> Vec<u8>) -> Container {
    Container { name, make, is_encrypted: true }
}

/// All containers.
pub const CONTAINERS: &[Container] = &[
    open("zip-stored", |name, data| zip_of(name, data, CompressionMethod::Stored)),
    open("zip-deflated", |name, data| zip_of(name, data, CompressionMethod::Deflated)),
    open("zip-bzip2", |name, data| zip_of(name, data, CompressionMethod::Bzip2)),
    open("zip-xz", |name, data| zip_of(name, data, CompressionMethod::Xz)),
    open("zip-ppmd", |name, data| zip_of(name, data, CompressionMethod::Ppmd)),
    open("zip-lzma", zip_lzma),
    open("zip-zstd", zip_zstd),
    open("zip-streamed", zip_streamed),
    open("zip-without-directory", zip_without_directory),
    open("zip-wide", zip_wide),
    closed("zip-aes", zip_aes),
    closed("zip-crypto", zip_crypto),
    open("7z-lzma2", |name, data| seven_zip(name, data, EncoderMethod::LZMA2)),
    open("7z-lzma", |name, data| seven_zip(name, data, EncoderMethod::LZMA)),
    open("7z-bzip2", |name, data| seven_zip(name, data, EncoderMethod::BZIP2)),
    open("7z-ppmd", |name, data| seven_zip(name, data, EncoderMethod::PPMD)),
    open("7z-copy", |name, data| seven_zip(name, data, EncoderMethod::COPY)),
    closed("7z-aes", |name, data| seven_zip_aes(name, data, false)),
    closed("7z-aes-header", |name, data| seven_zip_aes(name, data, true)),
    open("rar-4-stored", stored::rar4),
    open("rar-5-stored", |name, data| stored::rar5(name, data, data.len() as u64, 0)),
    open("rar-29", |name, data| rar(ArchiveVersion::Rar29, name, data, None)),
    open("rar-50", |name, data| rar(ArchiveVersion::Rar50, name, data, None)),
    closed("rar-29-aes", |name, data| rar(ArchiveVersion::Rar29, name, data, Some(false))),
    closed("rar-50-aes", |name, data| rar(ArchiveVersion::Rar50, name, data, Some(false))),
    closed("rar-50-aes-header", |name, data| rar(ArchiveVersion::Rar50, name, data, Some(true))),
    open("tar", |name, data| stored::tar(&[stored::tar_member(name, b'0', data)])),
    open("tar-pax", tar_pax),
    open("tar-gnu-name", tar_gnu),
    open("gz", |_, data| gzip(data)),
    open("gz-two-members", |_, data| {
        let (one, two) = data.split_at(data.len() / 2);
        [gzip(one), gzip(two)].concat()
    }),
    open("zz", |_, data| zlib(data)),
    open("bz2", |_, data| bzip2(data)),
    open("xz", |_, data| xz(data)),
    open("lzma", |_, data| lzma(data)),
    open("lz", |_, data| lzip(data)),
    open("zst", |_, data| zstd(data)),
    open("Z", |_, data| stored::compress(data)),
    open("cab-stored", |name, data| cab(name, data, cab::CompressionType::None)),
    open("cab-mszip", |name, data| cab(name, data, cab::CompressionType::MsZip)),
    open("lha", stored::lha),
    open("arj", stored::arj),
    open("iso", |name, data| iso(name, data, false)),
    open("iso-joliet", |name, data| iso(name, data, true)),
    open("cpio", stored::cpio_newc),
    open("cpio-odc", stored::cpio_odc),
    open("cpio-binary", stored::cpio_binary),
    open("ar", stored::ar),
    open("rpm", |name, data| stored::rpm(&gzip(&stored::cpio_newc(name, data)))),
    open("ex_", |_, data| stored::szdd(data)),
    open("hqx", stored::binhex),
    open("eml", eml),
    open("mbox", |name, data| {
        [b"From a@b.example Thu Jan  1 00:00:00 2026\n", &eml(name, data)[..]].concat()
    }),
];

/// A zip of one member.
#[must_use]
pub fn zip_of(name: &str, data: &[u8], method: CompressionMethod) -> Vec<u8> {
    zip_written(name, data, SimpleFileOptions::default().compression_method(method))
}

fn zip_written(name: &str, data: &[u8], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, options).unwrap();
    writer.write_all(data).unwrap();
    writer.finish().unwrap().into_inner()
}

fn zip_wide(name: &str, data: &[u8]) -> Vec<u8> {
    zip_written(name, data, SimpleFileOptions::default().large_file(true))
}

fn zip_streamed(name: &str, data: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new_stream(Vec::new());
    writer.start_file(name, SimpleFileOptions::default()).unwrap();
    writer.write_all(data).unwrap();
    writer.finish().unwrap().into_inner()
}

fn zip_without_directory(name: &str, data: &[u8]) -> Vec<u8> {
    let mut zip = zip_streamed(name, data);
    let at = zip.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    zip.truncate(at);
    zip
}

fn zip_packed(name: &str, data: &[u8], method: u16, packed: Vec<u8>) -> Vec<u8> {
    let entry = stored::ZipEntry { method, data: packed, ..stored::zip_entry(name, data) };
    stored::zip_with(&[entry])
}

fn zip_lzma(name: &str, data: &[u8]) -> Vec<u8> {
    let alone = lzma(data);
    let packed = [b"\x09\x14\x05\0", &alone[..5], &alone[13..]].concat();
    zip_packed(name, data, 14, packed)
}

fn zip_zstd(name: &str, data: &[u8]) -> Vec<u8> {
    zip_packed(name, data, 93, zstd(data))
}

fn zip_aes(name: &str, data: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().with_aes_encryption(AesMode::Aes256, PASSWORD);
    writer.start_file(name, options).unwrap();
    writer.write_all(data).unwrap();
    writer.finish().unwrap().into_inner()
}

/// `ZipCrypto` by hand (APPNOTE.TXT section 6.1).
fn zip_crypto(name: &str, data: &[u8]) -> Vec<u8> {
    let sum = stored::crc32(data);
    let step = |sum: u32, octet: u8| {
        let low = (sum ^ u32::from(octet)) & 0xff;
        (0..8).fold(low, |one, _| if one & 1 == 1 { one >> 1 ^ 0xedb8_8320 } else { one >> 1 })
            ^ sum >> 8
    };
    let mut keys = [0x1234_5678_u32, 0x2345_6789, 0x3456_7890];
    let update = |keys: &mut [u32; 3], octet: u8| {
        keys[0] = step(keys[0], octet);
        keys[1] = keys[1].wrapping_add(keys[0] & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        keys[2] = step(keys[2], (keys[1] >> 24) as u8);
    };
    PASSWORD.bytes().for_each(|octet| update(&mut keys, octet));
    let mut plain = vec![7; 11];
    plain.push((sum >> 24) as u8);
    plain.extend(data);
    let packed = plain.iter().map(|octet| {
        let two = (keys[2] | 2) & 0xffff;
        let mask = (two.wrapping_mul(two ^ 1) >> 8) as u8;
        update(&mut keys, *octet);
        octet ^ mask
    });
    let packed = packed.collect();
    let entry = stored::ZipEntry { flags: 1, data: packed, ..stored::zip_entry(name, data) };
    stored::zip_with(&[entry])
}

fn seven_zip(name: &str, data: &[u8], method: EncoderMethod) -> Vec<u8> {
    seven_zip_with(name, data, vec![EncoderConfiguration::new(method)], false)
}

fn seven_zip_aes(name: &str, data: &[u8], has_closed_header: bool) -> Vec<u8> {
    let aes = AesEncoderOptions::new(Password::from(PASSWORD));
    seven_zip_with(name, data, vec![aes.into(), EncoderMethod::LZMA2.into()], has_closed_header)
}

pub(crate) fn seven_zip_with(
    name: &str,
    data: &[u8],
    methods: Vec<EncoderConfiguration>,
    has_closed_header: bool,
) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    writer.set_encrypt_header(has_closed_header);
    writer.set_content_methods(methods);
    writer.push_archive_entry(ArchiveEntry::new_file(name), Some(data)).unwrap();
    writer.finish().unwrap().into_inner()
}

fn rar(version: ArchiveVersion, name: &str, data: &[u8], closed: Option<bool>) -> Vec<u8> {
    let mut builder = rars::Builder::new(version)
        .password(closed.map(|_| PASSWORD.as_bytes().to_vec()))
        .header_encryption(closed == Some(true));
    builder.add_bytes(name.as_bytes().to_vec(), data.to_vec(), None, None).unwrap();
    builder.to_bytes().unwrap()
}

fn tar_pax(name: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("path={name}\n");
    let record = format!("{} {text}", text.len() + 3);
    stored::tar(&[
        stored::tar_member("pax", b'x', record.as_bytes()),
        stored::tar_member("other", b'0', data),
    ])
}

fn tar_gnu(name: &str, data: &[u8]) -> Vec<u8> {
    stored::tar(&[
        stored::tar_member("././@LongLink", b'L', name.as_bytes()),
        stored::tar_member("other", b'0', data),
    ])
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn bzip2(data: &[u8]) -> Vec<u8> {
    let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn xz(data: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn lzma(data: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::LzmaOptions::with_preset(1);
    let mut writer =
        lzma_rust2::LzmaWriter::new_use_header(Vec::new(), &options, Some(data.len() as u64))
            .unwrap();
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

fn lzip(data: &[u8]) -> Vec<u8> {
    let mut writer =
        lzma_rust2::LzipWriter::new(Vec::new(), lzma_rust2::LzipOptions::with_preset(1));
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

pub(crate) fn zstd(data: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
}

fn cab(name: &str, data: &[u8], method: cab::CompressionType) -> Vec<u8> {
    let mut builder = cab::CabinetBuilder::new();
    builder.add_folder(method).add_file(name);
    let mut writer = builder.build(Cursor::new(Vec::new())).unwrap();
    while let Some(mut file) = writer.next_file().unwrap() {
        file.write_all(data).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn iso(name: &str, data: &[u8], is_joliet: bool) -> Vec<u8> {
    let name: Vec<u8> = if is_joliet {
        format!("{name};1").encode_utf16().flat_map(u16::to_be_bytes).collect()
    } else {
        format!("{name};1").into_bytes()
    };
    let size = u32::try_from(data.len()).unwrap();
    stored::iso_with(&[stored::iso_record(&name, 21, size, 0)], data, is_joliet)
}

fn eml(name: &str, data: &[u8]) -> Vec<u8> {
    let encoded = base64::engine::general_purpose::STANDARD.encode(data);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"zz\"\r\n\r\n--zz\r\nContent-Type: text/plain\r\n\r\n\
         hello\r\n--zz\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--zz--\r\n",
        lines.join("\r\n")
    )
    .into_bytes()
}
