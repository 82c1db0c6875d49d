//! Networks, as people write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

/// Reads `192.0.2.0/24`, `2001:db8::1`, and IPv4 that comes mapped into IPv6.
pub fn parse_network(text: &str) -> Result<IpNet, String> {
    let net = network(text).ok_or_else(|| {
        format!("\"{text}\" is no network: write an address or a prefix, as in \"192.0.2.0/24\"")
    })?;
    // RFC 4291, section 2.5.5.2: ::ffff:192.0.2.0/120 is 192.0.2.0/24.
    if let IpNet::V6(v6) = net
        && let Some(v4) = v6.addr().to_ipv4_mapped()
        && let Some(length) = v6.prefix_len().checked_sub(96)
        && let Ok(v4) = Ipv4Net::new(v4, length)
    {
        return Ok(IpNet::V4(v4));
    }
    Ok(net)
}

fn network(text: &str) -> Option<IpNet> {
    let (address, behind) = leading_address(text)?;
    let Some((b'/', length)) = behind.split_first() else {
        return Some(IpNet::from(address));
    };
    match leading_number(length)? {
        (length, []) => IpNet::new(address, length).ok(),
        _ => None,
    }
}

/// An address, and what stands behind it: nothing, or a slash and more.
///
/// As the standard library has it, which keeps to RFC 6943, section 3.1.1: `010.0.0.1` is none, since
/// half of the world takes it for 8.0.0.1. A file of a thousand rules has thousands of them: those of
/// the plain forms are read here, faster.
pub(super) fn leading_address(text: &str) -> Option<(IpAddr, &[u8])> {
    let bytes = text.as_bytes();
    if let Some((address, behind @ ([] | [b'/', ..]))) = leading_v4(bytes) {
        return Some((address.into(), behind));
    }
    let end = bytes.iter().position(|&byte| byte == b'/');
    let (address, behind) = bytes.split_at(end.unwrap_or(bytes.len()));
    let plain = plain_v6(address).map(IpAddr::V6);
    let address = plain.or_else(|| text[..address.len()].parse().ok())?;
    Some((address, behind))
}

/// Digits without a zero in front, at most 255, and what stands behind them.
fn leading_number(text: &[u8]) -> Option<(u8, &[u8])> {
    let digit = |at: usize| {
        let digit = text.get(at)?.wrapping_sub(b'0');
        (digit < 10).then_some(digit)
    };
    let mut number = digit(0)?;
    let mut count = 1;
    while let Some(next) = digit(count) {
        if number == 0 {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(next)?;
        count += 1;
    }
    Some((number, &text[count..]))
}

/// `192.0.2.1`, and what stands behind it.
fn leading_v4(text: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let mut octets = [0; 4];
    let mut rest = text;
    for (at, octet) in octets.iter_mut().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        (*octet, rest) = leading_number(rest)?;
    }
    Some((octets.into(), rest))
}

/// `2001:db8::1`: groups of up to four hexadecimal digits, and one `::` at most.
fn plain_v6(bytes: &[u8]) -> Option<Ipv6Addr> {
    let mut groups = [0_u16; 8];
    let (mut count, mut gap) = (0, None);
    let (mut group, mut digits) = (0, 0);
    let mut before = 0;
    for &byte in bytes {
        if byte != b':' {
            let value = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                b'A'..=b'F' => byte - b'A' + 10,
                _ => return None,
            };
            if digits == 4 {
                return None;
            }
            group = group << 4 | u16::from(value);
            digits += 1;
        } else if digits > 0 {
            *groups.get_mut(count)? = group;
            count += 1;
            (group, digits) = (0, 0);
        } else if before == b':' {
            // A second `::`, or a third colon.
            if gap.replace(count).is_some() {
                return None;
            }
        } else if bytes.get(1) != Some(&b':') {
            return None;
        }
        before = byte;
    }
    if digits > 0 {
        *groups.get_mut(count)? = group;
        count += 1;
    } else if !bytes.ends_with(b"::") {
        return None;
    }
    match gap {
        Some(at) if count < 8 => {
            let end = 8 - (count - at);
            groups.copy_within(at..count, end);
            groups[at..end].fill(0);
        }
        None if count == 8 => {}
        _ => return None,
    }
    Some(groups.into())
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
