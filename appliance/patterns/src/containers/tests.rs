//! Container signatures, from their lines to their hits.

use filetype::FileType;
use unpack::Member;

use super::*;
use crate::trial::{found, found_in_member, pack, scanner};

fn member() -> Member {
    Member {
        container: FileType::named("zip").unwrap(),
        container_octets: 244,
        packed_octets: 12,
        declared_octets: 1002,
        crc32: Some(0xc164_6ce6),
        number: 1,
        is_encrypted: false,
    }
}

fn holds(fields: &str) -> bool {
    let mut scanner = scanner(&[("a.cdb", &format!("Sig:{fields}"))]);
    found_in_member(&mut scanner, member(), "dir/Report.EXE") == ["Sig"]
}

#[test]
fn every_field_must_hold() {
    for fields in [
        "CL_TYPE_ZIP:*:*:*:*:*:*:*:*",
        "*:*:*:*:*:*:*:*:*",
        "CL_TYPE_ZIP:244:*:*:*:*:*:*:*",
        "CL_TYPE_ZIP:1-244:*:*:*:*:*:*:*",
        "CL_TYPE_ZIP:*:^dir/Report\\.EXE$:*:*:*:*:*:*",
        "CL_TYPE_ZIP:*:(?i)report\\.exe$:12:1002:0:1:c1646ce6:*",
        "CL_TYPE_ZIP:*:*:*:*:*:*:*:*:51:255",
    ] {
        assert!(holds(fields), "{fields}");
    }
    for fields in [
        "CL_TYPE_RAR:*:*:*:*:*:*:*:*",
        "CL_TYPE_MAIL:*:*:*:*:*:*:*:*",
        "CL_TYPE_ZIP:1-243:*:*:*:*:*:*:*",
        "CL_TYPE_ZIP:*:^Report:*:*:*:*:*:*",
        "CL_TYPE_ZIP:*:report\\.exe:*:*:*:*:*:*",
        "CL_TYPE_ZIP:*:*:13:*:*:*:*:*",
        "CL_TYPE_ZIP:*:*:*:1001:*:*:*:*",
        "CL_TYPE_ZIP:*:*:*:*:1:*:*:*",
        "CL_TYPE_ZIP:*:*:*:*:*:2:*:*",
        "CL_TYPE_ZIP:*:*:*:*:*:*:c1646ce7:*",
    ] {
        assert!(!holds(fields), "{fields}");
    }
}

#[test]
fn an_attachment_is_a_member_of_its_message() {
    let mut scanner = scanner(&[("a.cdb", "Sig:CL_TYPE_MAIL:*:\\.bin$:*:*:*:*:*:*")]);
    assert_eq!(found(&mut scanner, b"x"), ["Sig"]);
    assert_eq!(found_in_member(&mut scanner, member(), "a.bin"), [""; 0]);
}

#[test]
fn bad_lines_are_told() {
    let lines = [
        "A:CL_TYPE_ZIP:*:*:*:*:*:*:*",
        "B:ZIP:*:*:*:*:*:*:*:*",
        "C:CL_TYPE_ZIP:100-:*:*:*:*:*:*:*",
        "D:CL_TYPE_ZIP:*:(:*:*:*:*:*:*",
        "E:CL_TYPE_ZIP:*:*:*:*:2:*:*:*",
        ":CL_TYPE_ZIP:*:*:*:*:*:*:*:*",
        "F:CL_TYPE_ZIP:*:*:*:*:*:*:xyz:*",
    ];
    let (_, report) = pack(&[("a.cdb", &lines.join("\n"))]);
    assert_eq!(report.problems.len(), lines.len(), "{:?}", report.problems);
}

#[test]
fn obsolete_formats_and_types_without_members_are_counted() {
    let (_, report) =
        pack(&[("a.zmd", "X:0:a:1:1:*:*:*:*"), ("a.cdb", "X:CL_TYPE_SWF:*:*:*:*:*:*:*:*")]);
    assert_eq!((report.problems.len(), report.unsupported.len()), (0, 2));
}

#[test]
fn a_damaged_section_is_an_error_and_no_panic() {
    let signatures = vec![Signature {
        name: 1,
        holder: Holder::Named("zip".into()),
        holder_octets: Span::ANY,
        pattern: "a".into(),
        needed: b"a".to_vec(),
        packed: Span(1, 2),
        real: Span::ANY,
        encrypted: None,
        number: Span::ANY,
        crc32: Some(1),
    }];
    let section = postcard::to_stdvec(&signatures).unwrap();
    for length in 1..section.len() {
        let mut writer = crate::Writer::default();
        writer.section(SECTION, section[..length].to_vec());
        let pack = crate::Pack::open(std::sync::Arc::new(writer.finish().unwrap())).unwrap();
        assert!(ContainerMatcher::new(&pack).is_err(), "{length}");
    }
}
