// SPDX-License-Identifier: EUPL-1.2
//! The sheet that hangs at the counter: A4, with a QR code that opens a chat in which the opt-in word
//! is already written. Drawn once, then written as SVG or as PDF.

use std::fmt::Write;

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use qrcode::{Color, EcLevel, QrCode};

use crate::chart::escaped;
use crate::line::{Address, Line};

/// A4 in points.
const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 56.0;

/// The side of the code, with the white around it that readers need.
const CODE: f32 = 340.0;

/// Modules of white around a code. Source: ISO/IEC 18004.
const QUIET: usize = 4;

/// The opt-in word is longer than a code can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("La parola di iscrizione è troppo lunga per un codice QR.")]
pub struct TooLong;

/// What stands on the sheet; measures in points from the top left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct Poster {
    title: String,
    texts: Vec<Text>,
    /// Black rectangles: x, y, width, height.
    modules: Vec<[f32; 4]>,
}

#[derive(Clone, Debug, PartialEq)]
struct Text {
    /// The baseline.
    y: f32,
    size: f32,
    bold: bool,
    words: String,
}

/// Where the code leads: a chat with the line, in which the opt-in word is written.
pub fn link(line: &Line) -> String {
    let digits: String = line.display_number.chars().filter(char::is_ascii_digit).collect();
    let mut address = format!("https://wa.me/{digits}?text=");
    for byte in line.opt_in_word().bytes() {
        if byte.is_ascii_alphanumeric() {
            address.push(char::from(byte));
        } else {
            write!(address, "%{byte:02X}").expect("writing to a string succeeds");
        }
    }
    address
}

/// Draws a line's poster.
pub fn draw(line: &Line) -> Result<Poster, TooLong> {
    let code = QrCode::with_error_correction_level(link(line), EcLevel::M).map_err(|_| TooLong)?;
    let (join, leave) = (line.opt_in_word(), line.opt_out_word());
    let [frame, send, write, stop] = match line.address {
        Address::Tu => ["Inquadra", "Invia", "Oppure scrivi", "scrivi"],
        Address::Lei => ["Inquadri", "Invii", "Oppure scriva", "scriva"],
    };
    let mut poster = Poster {
        title: format!("{}, {}: iscrizione su WhatsApp", line.comune.name, line.service),
        texts: Vec::new(),
        modules: Vec::new(),
    };
    let mut y = MARGIN + 14.0;
    y = poster.write(y, 20.0, true, &line.comune.name);
    y = poster.write(y, 16.0, false, &line.service) + 22.0;
    y = poster.write(y, 34.0, true, "Le nostre notizie su WhatsApp");
    y = poster.modules(y - 20.0, &code) + 26.0;
    let first = format!("1. {frame} il codice con la fotocamera del telefono.");
    y = poster.write(y, 16.0, false, &first) + 4.0;
    let second = format!("2. {send} il messaggio già scritto: {join}");
    y = poster.write(y, 16.0, true, &second) + 4.0;
    let other = format!("{write} {join} su WhatsApp al numero {}.", line.display_number);
    y = poster.write(y, 14.0, false, &other) + 12.0;
    let stop = format!("Per non ricevere più nulla, {stop} {leave} nella stessa chat.");
    y = poster.write(y, 12.0, false, &stop);
    y = poster.write(y, 12.0, false, &format!("Regole del servizio: {}", line.policy.url));
    poster.write(y, 12.0, false, &format!("Informativa sulla privacy: {}", line.privacy.url));
    Ok(poster)
}

impl Poster {
    /// Writes a paragraph, and gives the baseline of the next one of its size.
    fn write(&mut self, mut y: f32, size: f32, bold: bool, words: &str) -> f32 {
        for words in wrapped(words, size, bold) {
            self.texts.push(Text { y, size, bold, words });
            y += size * 1.35;
        }
        y
    }

    /// Black modules of one row that touch are one rectangle. Gives where the code ends.
    fn modules(&mut self, top: f32, code: &QrCode) -> f32 {
        let width = code.width();
        let side = CODE / float(width + 2 * QUIET);
        let (left, top) = ((WIDTH - CODE) / 2.0 + side * float(QUIET), top + side * float(QUIET));
        for (row, colors) in code.to_colors().chunks(width).enumerate() {
            let mut from = 0;
            for run in colors.chunk_by(|a, b| a == b) {
                if run[0] == Color::Dark {
                    let (x, y) = (left + side * float(from), top + side * float(row));
                    self.modules.push([x, y, side * float(run.len()), side]);
                }
                from += run.len();
            }
        }
        top + side * float(width + QUIET)
    }

    pub fn svg(&self) -> String {
        let title = escaped(&self.title);
        let all: Vec<_> = self.texts.iter().map(|it| it.words.as_str()).collect();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" \
             viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"title desc\" lang=\"it\" \
             font-family=\"Helvetica, Arial, sans-serif\">\n<title id=\"title\">{title}</title>\n\
             <desc id=\"desc\">{}</desc>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
             <path fill=\"#000\" shape-rendering=\"crispEdges\" d=\"",
            escaped(&all.join(" "))
        );
        for [x, y, width, height] in &self.modules {
            let part = format_args!("M{x:.2} {y:.2}h{width:.2}v{height:.2}h-{width:.2}z");
            svg.write_fmt(part).expect("writing to a string succeeds");
        }
        svg += "\"/>\n";
        for it in &self.texts {
            let weight = if it.bold { " font-weight=\"bold\"" } else { "" };
            let (y, size, words) = (it.y, it.size, escaped(&it.words));
            let text = format_args!(
                "<text x=\"{MARGIN}\" y=\"{y}\" font-size=\"{size}\"{weight}>{words}</text>\n"
            );
            svg.write_fmt(text).expect("writing to a string succeeds");
        }
        svg + "</svg>\n"
    }

    /// With the fonts that every reader has, so none is embedded.
    pub fn pdf(&self) -> Vec<u8> {
        let [catalog, pages, page, plain, bold, content, info] =
            [1, 2, 3, 4, 5, 6, 7].map(Ref::new);
        let (plain_name, bold_name) = (Name(b"F1"), Name(b"F2"));
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(pages).lang(TextStr("it-IT"));
        pdf.pages(pages).kids([page]).count(1);
        let mut sheet = pdf.page(page);
        sheet.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(pages).contents(content);
        sheet.resources().fonts().pair(plain_name, plain).pair(bold_name, bold);
        sheet.finish();
        for (font, name) in [(plain, Name(b"Helvetica")), (bold, Name(b"Helvetica-Bold"))] {
            pdf.type1_font(font).base_font(name).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        let mut drawn = Content::new();
        for [x, y, width, height] in &self.modules {
            drawn.rect(*x, HEIGHT - y - height, *width, *height);
        }
        drawn.fill_nonzero();
        for it in &self.texts {
            let name = if it.bold { bold_name } else { plain_name };
            drawn.begin_text().set_font(name, it.size).next_line(MARGIN, HEIGHT - it.y);
            drawn.show(Str(&windows(&it.words))).end_text();
        }
        pdf.stream(content, &drawn.finish());
        pdf.document_info(info).title(TextStr(&self.title));
        pdf.finish()
    }
}

/// In lines that fit between the margins, by widths that are rather too large.
fn wrapped(words: &str, size: f32, bold: bool) -> Vec<String> {
    let wide = |it: &str| it.chars().map(width).sum::<f32>() * size * if bold { 1.08 } else { 1.0 };
    let room = WIDTH - 2.0 * MARGIN;
    let mut lines = vec![String::new()];
    for word in words.split_whitespace() {
        let last = lines.last_mut().expect("there is always a line");
        let gap = if last.is_empty() { "" } else { " " };
        if wide(&format!("{last}{gap}{word}")) <= room {
            last.push_str(gap);
            last.push_str(word);
            continue;
        }
        if !last.is_empty() {
            lines.push(String::new());
        }
        // An address may be longer than a line.
        for c in word.chars() {
            let last = lines.last_mut().expect("there is always a line");
            if wide(&format!("{last}{c}")) <= room {
                last.push(c);
            } else {
                lines.push(c.to_string());
            }
        }
    }
    lines
}

/// Of a letter of Helvetica, in ems, by kind. Source: Adobe's metrics of the base fonts, rounded up.
fn width(c: char) -> f32 {
    match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'I' | ' ' | '.' | ',' | ':' | ';' | '\'' | '/' | '!'
        | '|' => 0.3,
        'm' | 'w' | 'M' | 'W' | 'O' | 'Q' | 'G' | '%' | '@' => 0.9,
        it if it.is_uppercase() => 0.73,
        _ => 0.57,
    }
}

/// As Windows-1252, which PDF's own fonts can show; what is not in it, as a question mark.
fn windows(text: &str) -> Vec<u8> {
    let byte = |c: char| match c {
        '€' => 0x80,
        '’' => 0x92,
        '‘' => 0x91,
        '“' => 0x93,
        '”' => 0x94,
        '–' => 0x96,
        '—' => 0x97,
        ' '..='~' | '\u{a0}'..='ÿ' => u8::try_from(c).unwrap_or(b'?'),
        _ => b'?',
    };
    text.chars().map(byte).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a code has at most 177 modules a side")]
fn float(n: usize) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::sample;

    #[test]
    fn the_code_opens_the_chat_with_the_word_written() {
        let mut line = sample::line();
        line.display_number = "+39 333 000 0000".to_owned();
        for (word, want) in [
            ("ISCRIVIMI", "https://wa.me/393330000000?text=ISCRIVIMI"),
            ("sì, voglio", "https://wa.me/393330000000?text=s%C3%AC%2C%20voglio"),
        ] {
            line.opt_in = vec![word.to_owned()];
            assert_eq!(link(&line), want);
        }
        line.opt_in = vec!["x".repeat(3_000)];
        assert_eq!(draw(&line), Err(TooLong));
    }

    #[test]
    fn the_sheet_says_how_to_join_how_to_leave_and_where_the_notice_is() {
        let mut line = sample::line();
        line.service = "Servizi & notizie".to_owned();
        let poster = draw(&line).unwrap();
        let all: Vec<_> = poster.texts.iter().map(|it| it.words.clone()).collect();
        let all = all.join(" ");
        for part in [&line.comune.name, line.opt_in_word(), line.opt_out_word(), &line.privacy.url]
        {
            assert!(all.contains(part), "{part} is not in {all}");
        }
        let svg = poster.svg();
        assert!(svg.contains("Servizi &amp; notizie") && svg.contains("<desc"));
        let pdf = poster.pdf();
        assert!(pdf.starts_with(b"%PDF-1.7") && pdf.ends_with(b"%%EOF"));
    }

    #[test]
    fn nothing_leaves_the_sheet() {
        let mut line = sample::line();
        line.comune.name =
            "Comune di San Giovanni Rotondo sul Fiume Lungo e delle Valli".to_owned();
        line.service = "Ufficio comunicazione, relazioni con il pubblico e stampa".to_owned();
        line.privacy.url = format!("https://example.org/{}", "a".repeat(120));
        let poster = draw(&line).unwrap();
        let lowest = poster.texts.iter().map(|it| it.y).fold(0.0, f32::max);
        assert!(lowest < HEIGHT - 20.0, "{lowest}");
        for [x, y, width, height] in poster.modules {
            assert!(x >= MARGIN && x + width <= WIDTH - MARGIN && y > 0.0 && y + height < HEIGHT);
        }
    }

    #[test]
    fn italian_is_written_in_pdf() {
        assert_eq!(windows("più l’età €5 漢"), b"pi\xf9 l\x92et\xe0 \x805 ?");
    }
}
