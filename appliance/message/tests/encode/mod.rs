//! Encoders, written apart from the decoders that they try.

/// The 68 octets of the EICAR test file, in pieces so that no scanner takes this program for it.
pub fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}", "$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!", "$H+H*"]
        .concat()
        .into_bytes()
}

fn sixes(group: &[u8]) -> [u8; 4] {
    let value = (0..3).fold(0_u32, |sum, at| sum << 8 | u32::from(*group.get(at).unwrap_or(&0)));
    [18, 12, 6, 0].map(|shift| (value >> shift & 63) as u8)
}

/// Base64 on one line.
pub fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in octets.chunks(3) {
        let digits = sixes(group);
        for (number, digit) in digits.iter().enumerate() {
            text.push(if number <= group.len() { DIGITS[*digit as usize] as char } else { '=' });
        }
    }
    text
}

/// Text in lines of some octets.
pub fn lines(text: &str, octets: usize) -> String {
    let lines =
        text.as_bytes().chunks(octets).map(|line| String::from_utf8_lossy(line).into_owned());
    lines.collect::<Vec<_>>().join("\r\n")
}

/// Quoted-printable with every octet escaped, in lines.
pub fn quoted(octets: &[u8]) -> String {
    let escaped = octets.iter().map(|octet| format!("={octet:02X}")).collect::<Vec<_>>();
    escaped.chunks(24).map(<[String]>::concat).collect::<Vec<_>>().join("=\r\n")
}

/// A block of uuencode.
pub fn uu(octets: &[u8], name: &str) -> String {
    let digit = |value: u8| if value == 0 { '`' } else { char::from(value + 32) };
    let mut text = format!("begin 644 {name}\r\n");
    for line in octets.chunks(45) {
        text.push(digit(line.len() as u8));
        line.chunks(3).flat_map(sixes).for_each(|six| text.push(digit(six)));
        text.push_str("\r\n");
    }
    text + "`\r\nend\r\n"
}

/// A block of yEnc.
pub fn yenc(octets: &[u8], name: &str) -> Vec<u8> {
    let mut text = format!("=ybegin line=64 size={} name={name}\r\n", octets.len()).into_bytes();
    for line in octets.chunks(64) {
        for octet in line {
            match octet.wrapping_add(42) {
                critical @ (0 | b'\r' | b'\n' | b'=') => {
                    text.extend([b'=', critical.wrapping_add(64)])
                }
                plain => text.push(plain),
            }
        }
        text.extend(b"\r\n");
    }
    text.extend(format!("=yend size={}\r\n", octets.len()).bytes());
    text
}

/// A file in `BinHex` 4.0, from its first colon to its last.
pub fn binhex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
    let mut plain = vec![5];
    plain.extend(b"e.com\0TEXTabcd\0\0");
    plain.extend((octets.len() as u32).to_be_bytes());
    plain.extend([0; 6]);
    plain.extend(octets);
    plain.extend([0; 4]);
    let digits = plain.chunks(3).flat_map(sixes).map(|six| DIGITS[six as usize] as char);
    let text: String = digits.collect();
    format!(":{}:", lines(&text, 64))
}
