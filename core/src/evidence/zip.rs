//! A ZIP archive of the plainest form: members one after another, not compressed, all of one time.
//! Every system opens it; and for the same members there is exactly one such archive, so that
//! nothing can hide between them.

/// The members' names and octets, in order.
pub type Members = Vec<(String, Vec<u8>)>;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// What a local header holds before the name.
const HEADER: usize = 30;
/// 1980-01-01, the format's first day: when a bundle was made is told inside.
const DAY: u16 = 0x0021;

/// The archive of these members.
pub fn write(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, octets) in members {
        let at = u32_of(out.len());
        let mut about = Vec::new();
        // Version 2.0, names in UTF-8, stored.
        for field in [20_u16, 0x0800, 0, 0, DAY] {
            about.extend_from_slice(&field.to_le_bytes());
        }
        for field in [crc32(octets), u32_of(octets.len()), u32_of(octets.len())] {
            about.extend_from_slice(&field.to_le_bytes());
        }
        about.extend_from_slice(&u16_of(name.len()).to_le_bytes());
        about.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&LOCAL.to_le_bytes());
        out.extend_from_slice(&about);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(octets);
        directory.extend_from_slice(&CENTRAL.to_le_bytes());
        directory.extend_from_slice(&20_u16.to_le_bytes());
        directory.extend_from_slice(&about);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&at.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let start = u32_of(out.len());
    out.extend_from_slice(&directory);
    out.extend_from_slice(&END.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    for _ in 0..2 {
        out.extend_from_slice(&u16_of(members.len()).to_le_bytes());
    }
    out.extend_from_slice(&u32_of(directory.len()).to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out
}

/// The members of an archive, and whether it is exactly as [`write()`] makes it. `None` when it is
/// no archive of that form.
pub fn read(archive: &[u8]) -> Option<(Members, bool)> {
    let mut members = Members::new();
    let mut rest = archive;
    while number(rest, 0)? == LOCAL {
        let size = usize::try_from(number(rest, 18)?).ok()?;
        let name = usize::from(u16::from_le_bytes([*rest.get(26)?, *rest.get(27)?]));
        let (start, end) = (HEADER + name, (HEADER + name).checked_add(size)?);
        let text = String::from_utf8_lossy(rest.get(HEADER..start)?).into_owned();
        members.push((text, rest.get(start..end)?.to_vec()));
        rest = rest.get(end..)?;
    }
    let exact = write(&members) == archive;
    Some((members, exact))
}

fn number(octets: &[u8], at: usize) -> Option<u32> {
    let octets = octets.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(octets))
}

// Members are bounded by what the client takes in, far below 4 GiB.
fn u32_of(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn u16_of(size: usize) -> u16 {
    u16::try_from(size).unwrap_or(u16::MAX)
}

fn crc32(octets: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for octet in octets {
        crc ^= u32::from(*octet);
        for _ in 0..8 {
            let odd = crc & 1 == 1;
            crc >>= 1;
            if odd {
                crc ^= 0xedb8_8320;
            }
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checksum_is_the_formats() {
        assert_eq!(super::crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn what_hides_between_members_is_told() {
        let members = vec![("a".to_owned(), b"1".to_vec()), ("b/c".to_owned(), vec![])];
        let archive = super::write(&members);
        assert_eq!(super::read(&archive), Some((members, true)));
        for at in 0..archive.len() {
            let mut changed = archive.clone();
            changed[at] ^= 1;
            assert!(
                !matches!(super::read(&changed), Some((m, true)) if m == super::read(&archive).unwrap().0)
            );
        }
        assert_eq!(super::read(b"PK"), None);
    }
}
