//! For programs: `number,code`.

use zeroize::Zeroizing;

use super::SheetView;
use super::buffer::exactly;

/// Draws it. The kill code, which has no number, comes last.
pub fn draw(view: &SheetView<'_>) -> Zeroizing<String> {
    exactly(|out| {
        out.write_str("number,code\n")?;
        for (code, number) in view.codes.iter().zip(1_u32..) {
            writeln!(out, "{number},{}", code.as_str())?;
        }
        match view.kill {
            Some(kill) => writeln!(out, "kill,{kill}"),
            None => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_line_is_a_number_and_its_code() {
        let codes = sample::codes(2);
        let table = draw(&sample::view(&codes));
        assert_eq!(
            table.as_str(),
            "number,code\n1,k0001-c0001\n2,k0002-c0002\n"
        );
    }

    #[test]
    fn the_kill_code_is_the_last_line() {
        let codes = sample::codes(500);
        let mut view = sample::view(&codes);
        view.kill = Some(sample::KILL);
        let table = draw(&view);
        let last = "\n500,k0500-c0500\nkill,end0-abcd-efgh-jkmn-pqrs\n";
        assert!(table.ends_with(last), "{}", table.as_str());
    }
}
